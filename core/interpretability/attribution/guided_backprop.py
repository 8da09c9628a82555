"""Guided backpropagation (Springenberg et al. 2015, arXiv 1412.6806)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.interpretability.attribution.method import Method, Query, strongest
from core.interpretability.attribution.relus import modified_gradient

if TYPE_CHECKING:
    from torch import Tensor


def guided_backprop(query: Query) -> Tensor:
    """Return the magnitude of the gradient that passes ReLUs only where it is positive, largest channel: (n, h, w)."""
    return strongest(modified_gradient(query, "GuidedBackprop"))


GUIDED_BACKPROP = Method(
    name="guided",
    title="Guided Backprop",
    meaning="Sharp outlines of what excites the network on the way to the logit.",
    limits="Much of it is the picture's edges: it hardly depends on the class, nor on the last layers' weights.",
    unit="logit per unit of input, modified gradient",
    signed=False,
    explain=guided_backprop,
)
