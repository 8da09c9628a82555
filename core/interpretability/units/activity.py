"""What every unit of a network did over the images that it was shown. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONSTANT_RANGE = 1e-8  # a unit whose activations lie closer together than this says nothing


@dataclass(frozen=True, eq=False)
class Activity:
    """The activations of U units over n images; that of a unit on an image is the mean over its channel's positions.

    Units are numbered through the places, in their order. Images are named by their place in the pack. `top` and
    `bottom` share no image.
    """

    places: tuple[str, ...]  # the layers or blocks
    widths: tuple[int, ...]  # how many units each has
    images: int
    top: NDArray[np.int32]  # (U, keep), the most activating image first
    bottom: NDArray[np.int32]  # (U, keep), the least activating first
    top_values: NDArray[np.float32]  # (U, keep)
    bottom_values: NDArray[np.float32]  # (U, keep)
    mean: NDArray[np.float64]  # (U,)
    variance: NDArray[np.float64]  # (U,), of the n images
    minimum: NDArray[np.float32]  # (U,)
    maximum: NDArray[np.float32]  # (U,)
    zeros: NDArray[np.float32]  # (U,), share of positions where the channel is zero after its ReLU; NaN of logits
    sample: NDArray[np.float32]  # (U, s), on the first images of the order, at most 256
    class_means: NDArray[np.float32]  # (U, classes), NaN for a class of which there was no image

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Which units never changed over the images: (U,)."""
        return self.maximum - self.minimum < CONSTANT_RANGE

    @property
    def place_of(self) -> NDArray[np.intp]:
        """Each unit's place, as an index into `places`: (U,)."""
        return np.repeat(np.arange(len(self.places)), self.widths)

    @property
    def channel_of(self) -> NDArray[np.intp]:
        """Each unit's channel at its place: (U,)."""
        return np.concatenate([np.arange(width) for width in self.widths])

    def units_of(self, place: str) -> slice:
        """Return which units are the channels of a place; KeyError if it was not looked at."""
        if place not in self.places:
            raise KeyError(place)
        at = self.places.index(place)
        start = sum(self.widths[:at])
        return slice(start, start + self.widths[at])
