"""Guided Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391, section 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.interpretability.attribution.gradcam import gradcam
from core.interpretability.attribution.guided_backprop import guided_backprop
from core.interpretability.attribution.layers import layer_choice
from core.interpretability.attribution.method import Cost, Method, Query

if TYPE_CHECKING:
    from torch import Tensor


def guided_gradcam(query: Query, *, layer: str) -> Tensor:
    """Return the product of the maps of Guided Backprop and Grad-CAM: (n, h, w)."""
    return guided_backprop(query) * gradcam(query, layer=layer)


GUIDED_GRADCAM = Method(
    name="guidedgradcam",
    title="Guided Grad-CAM",
    meaning="The outlines of Guided Backprop in the regions of Grad-CAM.",
    limits="Where comes from Grad-CAM, what from the picture's edges: a sharp outline is no proof of use.",
    unit="product of both maps",
    signed=False,
    explain=guided_gradcam,
    cost=lambda parameters: Cost(2, 2),
    parameters=(layer_choice("inception5b"),),
)
