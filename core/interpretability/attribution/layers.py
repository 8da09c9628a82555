"""The layers that class activation maps look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import InvalidSettingError
from core.interpretability.attribution.method import Choice
from core.layer_names import INCEPTION_CONVS

if TYPE_CHECKING:
    from torch import Tensor, nn

INCEPTION_BLOCKS = tuple(dict.fromkeys(name.partition(".")[0] for name in INCEPTION_CONVS))


def layer_choice(default: str) -> Choice:
    """Return the parameter that names an inception block."""
    return Choice("layer", "Layer", "The block whose output is looked at.", default, INCEPTION_BLOCKS)


def find_layer(module: nn.Module, name: str) -> nn.Module:
    """Return the layer of that name; InvalidSettingError if the network has none."""
    try:
        return module.get_submodule(name)
    except AttributeError as error:
        raise InvalidSettingError(
            f"the network has no layer {name!r}", "a GoogLeNet with torchvision's names", "choose another network"
        ) from error


def enlarged(coarse: Tensor, inputs: Tensor) -> Tensor:
    """Upsample maps of a layer (n, 1, h', w') bilinearly to the size of the inputs: (n, h, w)."""
    from torch.nn.functional import interpolate

    return interpolate(coarse.detach(), size=list(inputs.shape[-2:]), mode="bilinear", align_corners=False)[:, 0]
