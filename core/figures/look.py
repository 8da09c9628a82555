"""How attribution maps are shown: over the picture, alone, or as what is left of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.figures.maps import Map, Picture, common_limit, masked, outline, overlay

OVERLAY, HEAT, MASKED = "Overlay", "Heat map", "Masked picture"
STYLES = (OVERLAY, HEAT, MASKED)
PERCENTILES = (90.0, 95.0, 98.0, 99.0, 99.5, 99.9, 100.0)

_OUTLINE = "#FFFFFF"
_LARGER = 2  # times, where there is an outline, so that its line is thin


@dataclass(frozen=True)
class Look:
    """How every map of a view is shown alike."""

    style: str = OVERLAY
    opacity: float = 0.5  # of an overlay
    share: float = 0.2  # of the pixels that a masked picture leaves visible
    common: bool = True  # one colour scale for all maps, or one for each
    percentile: float = 99.0  # of the magnitudes, where a scale ends
    outline: bool = False  # of the target, where its pixels are known


def limits(maps: Sequence[Map], look: Look) -> list[float]:
    """Return where the colour scale of each map ends."""
    if not maps:
        return []
    if look.common:
        return [common_limit(maps, look.percentile)] * len(maps)
    return [common_limit([each], look.percentile) for each in maps]


def picture_of(image: Picture, values: Map, look: Look, *, limit: float, signed: bool, dark: bool) -> Picture:
    """Return a map (h, w) of an image (h, w, 3) as a picture of the same size."""
    if look.style == MASKED:
        return masked(image, values, share=look.share, dark=dark)
    opacity = 1.0 if look.style == HEAT else look.opacity
    return overlay(image, values, limit=limit, signed=signed, opacity=opacity, dark=dark)


def outlined(picture: Picture, mask: NDArray[np.bool_] | None, look: Look) -> Picture:
    """Draw the target's outline, if it is wanted and known, on an enlarged picture so that the line is thin."""
    if not look.outline or mask is None:
        return picture
    return outline(enlarged(picture, _LARGER), enlarged(mask.astype(np.uint8) * 255, _LARGER) >= 128, _OUTLINE)


def enlarged(pixels: NDArray[np.uint8], times: int) -> NDArray[np.uint8]:
    """Return a picture or a mask (h, w, ...) so many times as large, smoothly."""
    size = (pixels.shape[1] * times, pixels.shape[0] * times)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
