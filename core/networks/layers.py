"""The layers of a GoogLeNet as modules, and the parameters that belong to them."""

from __future__ import annotations

from typing import TypeGuard

from torch import nn

from core.errors import BrokenDataError
from core.layer_names import LAYERS

Layer = nn.Conv2d | nn.Linear


def all_layers(module: nn.Module) -> dict[str, Layer]:
    """Return the 57 convs and fc by name, in the order of the network; auxiliary heads are not counted."""
    return {name: layer(module, name) for name in LAYERS}


def layer(module: nn.Module, name: str) -> Layer:
    """Return one conv or linear layer; BrokenDataError if the module has none of that name."""
    found = _submodule(module, name)
    if _is_layer(found):
        return found
    raise BrokenDataError(
        f"the network has no conv or linear layer {name!r}", "a GoogLeNet with torchvision's names", "load one"
    )


def channel_parameters(module: nn.Module, name: str) -> tuple[str, ...]:
    """Name the parameters, beside the layer's weight, that hold one value per output channel of the layer.

    The batch norm's scale and shift; where there is no batch norm, the layer's own bias. When all of them are zero
    together with a filter, the channel after the ReLU is zero for every input.
    """
    parent, _, _ = name.rpartition(".")
    norm = f"{parent}.bn"
    owners = (name, norm) if isinstance(_submodule(module, norm), nn.BatchNorm2d) else (name,)
    candidates = (f"{owner}.{kind}" for owner in owners for kind in ("weight", "bias"))
    present = dict(module.named_parameters())
    return tuple(key for key in candidates if key in present and key != f"{name}.weight")


def _submodule(module: nn.Module, name: str) -> nn.Module | None:
    return dict(module.named_modules()).get(name)


def _is_layer(module: nn.Module | None) -> TypeGuard[Layer]:
    return isinstance(module, Layer)
