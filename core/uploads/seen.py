"""A photo as a network sees it: which part of it, and in how many pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.decode import pixel_row
from core.data.preset import Preset
from core.uploads.photos import Photo


@dataclass(frozen=True)
class CropBox:
    """A rectangle in the pixels of a photo, from (0, 0) at the upper left; it goes beyond where black is added."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, eq=False)
class Seen:
    """What a network is shown of a photo."""

    pixels: NDArray[np.uint8]  # (crop, crop, 3)
    box: CropBox


def seen(photo: Photo, preset: Preset) -> Seen:
    """Return what a network with this preset is shown of a photo, exactly, and where in the photo that is.

    BrokenDataError for a picture so long that resizing its shorter side would make it huge.
    """
    return Seen(pixel_row(Image.fromarray(photo.pixels), preset).copy(), crop_box(photo, preset))


def crop_box(photo: Photo, preset: Preset) -> CropBox:
    """Return the rectangle of a photo that the preset leaves, to within half a pixel of the resized picture."""
    height, width = photo.pixels.shape[:2]
    side = preset.crop * (min(width, height) / preset.resize if preset.resize else 1.0)
    left, top = (width - side) / 2, (height - side) / 2
    return CropBox(left, top, left + side, top + side)
