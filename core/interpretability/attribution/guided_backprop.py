"""Guided backpropagation (Springenberg et al. 2015, arXiv 1412.6806)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from core.interpretability.attribution.method import Method, Query, strongest

if TYPE_CHECKING:
    from torch import Tensor

# captum announces at every call that it sets hooks and takes them away again; a test sees to the second half.
warnings.filterwarnings("ignore", "Setting backward hooks on ReLU activations", UserWarning)


def guided_backprop(query: Query) -> Tensor:
    """Return the magnitude of the gradient that passes ReLUs only where it is positive, largest channel: (n, h, w).

    Only ReLUs that are modules are seen: torchvision's own GoogLeNet has none and would yield the plain gradient.
    """
    from captum.attr import GuidedBackprop

    values: Tensor = GuidedBackprop(query.module).attribute(query.leaf(), target=query.targets)
    return strongest(values)


GUIDED_BACKPROP = Method(
    name="guided",
    title="Guided Backprop",
    meaning="Sharp outlines of what excites the network on the way to the logit.",
    limits="Much of it is the picture's edges: it hardly depends on the class, nor on the last layers' weights.",
    unit="logit per unit of input, modified gradient",
    signed=False,
    explain=guided_backprop,
)
