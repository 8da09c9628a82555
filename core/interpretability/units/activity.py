"""What every unit of a network did over the images that it was shown. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONSTANT_RANGE = 1e-8  # a unit whose activations lie closer together than this says nothing
# The same in steps of float32 at the unit's largest activation. Against a pass in float64 the rounding of an activation
# spans 2 to 5 such steps: of a range of 4 it makes about the half, of 16 a fifth (demo, structured 0.8 and 0.95,
# published form; no unit comes below 15,000 steps in the unstructured ones up to 0.95).
CONSTANT_STEPS = 16
_STEP = float(np.finfo(np.float32).eps)


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
        """Which units never changed over the images, but for rounding: (U,)."""
        return is_constant(self.minimum, self.maximum)

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


def is_constant(minimum: NDArray[np.float32], maximum: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return for least and largest activations of units, of one shape, which of these are the same but for rounding.

    Those less than 1e-8 apart, or less than 16 steps of float32 at the larger of their magnitudes.
    """
    least, most = np.asarray(minimum, np.float64), np.asarray(maximum, np.float64)
    rounding = CONSTANT_STEPS * _STEP * np.maximum(np.abs(least), np.abs(most))
    found: NDArray[np.bool_] = most - least < np.maximum(CONSTANT_RANGE, rounding)
    return found
