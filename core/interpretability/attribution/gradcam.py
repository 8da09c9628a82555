"""Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391, equations 1 and 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.interpretability.attribution.layers import enlarged, find_layer, layer_choice
from core.interpretability.attribution.method import Method, Query

if TYPE_CHECKING:
    from torch import Tensor


def gradcam(query: Query, *, layer: str) -> Tensor:
    """Return the layer's channels weighted by their mean gradient, positive part, as large as the input: (n, h, w).

    The graph begins at the layer, so the backward pass is a short one; the small map is upsampled bilinearly.
    """
    from captum.attr import LayerGradCam

    method = LayerGradCam(query.module, find_layer(query.module, layer))
    coarse: Tensor = method.attribute(query.inputs, target=query.targets, relu_attributions=True)
    return enlarged(coarse, query.inputs)


GRADCAM = Method(
    name="gradcam",
    title="Grad-CAM",
    meaning="Which regions hold the features of a late layer that raise the logit.",
    limits="Nothing finer than the layer's grid (7 x 7 for 224 pixels at inception5b), and nothing against the class.",
    unit="mean gradient times activation",
    signed=False,
    explain=gradcam,
    parameters=(layer_choice("inception5b"),),
)
