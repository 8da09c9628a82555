"""Layer-CAM (Jiang et al. 2021, IEEE TIP 30, doi 10.1109/TIP.2021.3089943, equations 4 to 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.interpretability.attribution.layers import enlarged, find_layer, layer_choice
from core.interpretability.attribution.method import Method, Query

if TYPE_CHECKING:
    from torch import Tensor


def layercam(query: Query, *, layer: str) -> Tensor:
    """Return the layer's activations, each weighted by its own gradient where that is positive, summed: (n, h, w).

    Activations of an inception block come out of ReLUs: the positive part of gradient x activation is the
    activation times the positive part of the gradient.
    """
    from captum.attr import LayerGradientXActivation

    method = LayerGradientXActivation(query.module, find_layer(query.module, layer))
    products: Tensor = method.attribute(query.inputs, target=query.targets)
    return enlarged(products.relu().sum(1, keepdim=True), query.inputs)


LAYERCAM = Method(
    name="layercam",
    title="Layer-CAM",
    meaning="Where in a layer the activations are that raise the logit; earlier layers show finer detail.",
    limits="Nothing against the class; in early blocks gradients are noisy and mark much that the class does not need.",
    unit="gradient times activation",
    signed=False,
    explain=layercam,
    parameters=(layer_choice("inception4e"),),
)
