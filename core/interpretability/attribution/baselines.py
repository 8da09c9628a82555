"""Where the path to an image begins: pixels in, pixels out, so that no one needs to know the normalisation.

`network.inputs(BASELINES["black"].make(pixels, seed))` is what `attribute` wants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Baseline:
    """A picture that stands for the absence of what the image shows: `make(pixels, seed)`, (n, h, w, 3) uint8."""

    name: str
    title: str
    meaning: str
    make: Callable[[Tensor, int], Tensor]


def black(pixels: Tensor, seed: int) -> Tensor:
    """Return black pictures of the same shape."""
    return pixels.new_zeros(pixels.shape)


BASELINES: dict[str, Baseline] = {
    baseline.name: baseline
    for baseline in (Baseline("black", "black", "A black picture: dark pixels count for nothing.", black),)
}
