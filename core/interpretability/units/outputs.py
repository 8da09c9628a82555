"""What the units of a network give for a batch of images, taken as it runs: channel means, not channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from core.errors import BrokenDataError
from core.layer_names import HEAD


@dataclass(frozen=True)
class Outputs:
    """Of one forward pass over n images, by place; filled in as the layers run."""

    means: dict[str, Tensor] = field(default_factory=dict)  # (n, channels) float32, over the positions
    zeros: dict[str, Tensor] = field(default_factory=dict)  # (channels,), positions that are zero after the ReLU
    positions: dict[str, int] = field(default_factory=dict)  # how many of each channel, in all n images


@contextmanager
def listening(module: nn.Module, places: Sequence[str]) -> Iterator[Outputs]:
    """Fill the outputs while the module runs; its hooks are gone afterwards, whatever happened."""
    outputs, handles = Outputs(), []
    try:
        for place in places:
            layer, rectified = module.get_submodule(place), after_relu(place)
            handles.append(layer.register_forward_hook(lambda _, __, x, at=place: _note_means(outputs, at, x)))
            if rectified is not None:
                owner = module.get_submodule(rectified)
                handles.append(owner.register_forward_hook(lambda _, __, x, at=place: _note_zeros(outputs, at, x)))
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def after_relu(place: str) -> str | None:
    """Return the part of the network whose output is that of a place after its ReLU; None of logits."""
    return None if place == HEAD else place.removesuffix(".conv")


def check_finite(outputs: Outputs) -> None:
    """Raise BrokenDataError that names the first place with an activation that is no finite number."""
    for place, means in outputs.means.items():
        if not means.isfinite().all():
            raise BrokenDataError(
                f"the activations of {place} are not finite numbers",
                "finite weights and activations",
                "its weights hold NaN or overflow: load another network, or prune less",
            )


def _note_means(outputs: Outputs, place: str, x: Tensor) -> None:
    outputs.means[place] = x.float().flatten(2).mean(2) if x.ndim == 4 else x.float()


def _note_zeros(outputs: Outputs, place: str, x: Tensor) -> None:
    outputs.zeros[place] = torch.count_nonzero(x == 0, dim=(0, 2, 3))
    outputs.positions[place] = x.numel() // x.shape[1]
