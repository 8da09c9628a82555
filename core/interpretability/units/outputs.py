"""What the units of a network give for a batch of images, taken as it runs: channel means, not channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from core.errors import BrokenDataError
from core.layer_names import HEAD

# Values whose signs are held together: few enough that they stay in a CPU's cache (16 times as fast as to compare all
# with zero and count), and that float32 counts them exactly.
_AT_ONCE = {"cpu": 2**20, "cuda": 2**24}


@dataclass(frozen=True)
class Outputs:
    """Of the first n images of one forward pass, by place; filled in as the layers run."""

    images: int  # n; what is behind only fills the batch
    means: dict[str, Tensor] = field(default_factory=dict)  # (n, channels) float32, over the positions
    zeros: dict[str, Tensor] = field(default_factory=dict)  # (channels,) int64, positions that are zero after the ReLU
    positions: dict[str, int] = field(default_factory=dict)  # how many of each channel, in all n images


@contextmanager
def listening(module: nn.Module, places: Sequence[str], images: int) -> Iterator[Outputs]:
    """Fill the outputs while the module runs; its hooks are gone afterwards, whatever happened."""
    outputs, handles = Outputs(images), []
    try:
        for place in places:
            layer, rectified = module.get_submodule(place), _after_relu(place)
            handles.append(layer.register_forward_hook(lambda _, __, x, at=place: _note_means(outputs, at, x)))
            if rectified is not None:
                owner = module.get_submodule(rectified)
                handles.append(owner.register_forward_hook(lambda _, __, x, at=place: _note_zeros(outputs, at, x)))
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def check_finite(outputs: Outputs) -> None:
    """Raise BrokenDataError that names the first place with an activation that is no finite number."""
    for place, means in outputs.means.items():
        if not means.isfinite().all():
            raise BrokenDataError(
                f"the activations of {place} are not finite numbers",
                "finite weights and activations",
                "its weights hold NaN or overflow: load another network, or prune less",
            )


def _after_relu(place: str) -> str | None:
    """Return the part of the network whose output is that of a place after its ReLU; None of logits."""
    return None if place == HEAD else place.removesuffix(".conv")


def _note_means(outputs: Outputs, place: str, x: Tensor) -> None:
    counted = x[: outputs.images].float()
    outputs.means[place] = counted.flatten(2).mean(2) if x.ndim == 4 else counted.clone()


def _note_zeros(outputs: Outputs, place: str, x: Tensor) -> None:
    counted = x[: outputs.images]
    positions = counted.numel() // counted.shape[1]
    at_once = max(1, _AT_ONCE[x.device.type] // x[0].numel())
    positive = torch.stack([part.sign().sum((0, 2, 3)) for part in torch.split(counted, at_once)])
    outputs.zeros[place] = positions - positive.long().sum(0)
    outputs.positions[place] = positions
