"""What a training step sees of an image, and what a measurement does."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

from core.data.decode import pixel_row
from core.data.preset import Preset

RATIO = (3 / 4, 4 / 3)  # of the sides of a crop, as in torchvision's RandomResizedCrop
_TRIES = 10

Window = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(frozen=True)
class Augmentation:
    """A window of at least a share `least` of the image's area (1: all of it), `size` pixels a side, and a flip."""

    preset: Preset  # of the evaluation: what an image looks like where nothing is drawn by lot
    size: int
    least: float
    flip: bool


def augmented(image: Image, how: Augmentation, random: np.random.Generator) -> NDArray[np.uint8]:
    """Return one view (size, size, 3) of an RGB image: random resized crop and flip (Szegedy et al. 2015, sec. 6)."""
    shown = _whole(image, how) if how.least == 1 else _part(image, how, random)
    return shown[:, ::-1] if how.flip and random.random() < 0.5 else shown


def window(width: int, height: int, least: float, random: np.random.Generator) -> Window:
    """Draw a window as torchvision's RandomResizedCrop does: a share of the area, then a ratio of the sides.

    Where ten draws do not fit, the largest window in the middle whose ratio is allowed.
    """
    for _ in range(_TRIES):
        area = width * height * random.uniform(least, 1)
        ratio = math.exp(random.uniform(math.log(RATIO[0]), math.log(RATIO[1])))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            left, top = int(random.integers(0, width - w + 1)), int(random.integers(0, height - h + 1))
            return left, top, left + w, top + h
    return _central(width, height)


def _central(width: int, height: int) -> Window:
    w = min(width, round(height * RATIO[1]))
    h = min(height, round(width / RATIO[0]))
    left, top = (width - w) // 2, (height - h) // 2
    return left, top, left + w, top + h


def _part(image: Image, how: Augmentation, random: np.random.Generator) -> NDArray[np.uint8]:
    cut = image.crop(window(*image.size, how.least, random))
    return np.asarray(cut.resize((how.size, how.size), Resampling.BILINEAR))


def _whole(image: Image, how: Augmentation) -> NDArray[np.uint8]:
    short = how.preset.resize or min(image.size)  # as the evaluation shows it
    return pixel_row(image, Preset(round(short * how.size / how.preset.crop), how.size))
