"""Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391, equations 1 and 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import InvalidSettingError
from core.interpretability.attribution.method import Choice, Method, Query
from core.layer_names import INCEPTION_CONVS

if TYPE_CHECKING:
    from torch import Tensor, nn

INCEPTION_BLOCKS = tuple(dict.fromkeys(name.partition(".")[0] for name in INCEPTION_CONVS))


def gradcam(query: Query, *, layer: str) -> Tensor:
    """Return the layer's channels weighted by their mean gradient, positive part, as large as the input: (n, h, w).

    The graph begins at the layer, so the backward pass is a short one; the small map is upsampled bilinearly.
    """
    from captum.attr import LayerGradCam
    from torch.nn.functional import interpolate

    method = LayerGradCam(query.module, _submodule(query.module, layer))
    coarse: Tensor = method.attribute(query.inputs, target=query.targets, relu_attributions=True)
    size = list(query.inputs.shape[-2:])
    return interpolate(coarse.detach(), size=size, mode="bilinear", align_corners=False)[:, 0]


def _submodule(module: nn.Module, name: str) -> nn.Module:
    try:
        return module.get_submodule(name)
    except AttributeError as error:
        raise InvalidSettingError(
            f"the network has no layer {name!r}", "a GoogLeNet with torchvision's names", "choose another network"
        ) from error


GRADCAM = Method(
    name="gradcam",
    title="Grad-CAM",
    meaning="Which regions hold the features of a late layer that raise the logit.",
    limits="Nothing finer than the layer's grid (7 x 7 for 224 pixels at inception5b), and nothing against the class.",
    unit="mean gradient times activation",
    signed=False,
    explain=gradcam,
    parameters=(Choice("layer", "Layer", "The block whose output is looked at.", "inception5b", INCEPTION_BLOCKS),),
)
