"""A whole photograph with a frame around the part that is fed to a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.figures.colours import rgb
from core.figures.maps import Picture
from core.figures.theme import ACCENT, palette

Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels of the photograph

_FAINT = 0.4  # what is left of the pixels that are cut off
_INNER, _OUTER = 3, 2  # pixels, the frame: its colour, then white so that it is seen on any ground
_MARGIN = _INNER + _OUTER  # pixels around the whole, so that the frame is seen at its edges too


def framed(photo: Picture, box: Box, *, side: int, dark: bool) -> Picture:
    """Return a photograph (h, w, 3) with its longer side `side` pixels, faint outside of the box, the box framed.

    Where the box goes beyond the photograph there is black, as it is fed.
    """
    height, width = photo.shape[:2]
    left, top, right, bottom = min(box[0], 0.0), min(box[1], 0.0), max(box[2], width), max(box[3], height)
    scale = side / max(right - left, bottom - top)
    ground = rgb(palette(dark).background)
    size = (round((right - left) * scale) + 2 * _MARGIN, round((bottom - top) * scale) + 2 * _MARGIN)
    whole = Image.new("RGB", size, tuple(int(part) for part in ground))
    small = Image.fromarray(photo).resize(
        (max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.BILINEAR, reducing_gap=2.0
    )
    inside = tuple(round((at - start) * scale) + _MARGIN for at, start in zip(box, (left, top) * 2, strict=True))
    whole.paste((0, 0, 0), inside)
    whole.paste(small, (round(-left * scale) + _MARGIN, round(-top * scale) + _MARGIN))
    return _marked(np.asarray(whole), inside, np.array(ground, np.float32))


def _marked(whole: Picture, inside: tuple[int, ...], ground: NDArray[np.float32]) -> Picture:
    left, top, right, bottom = inside
    marked = np.rint(_FAINT * whole + (1 - _FAINT) * ground).astype(np.uint8)
    for beyond, colour in ((_MARGIN, (255, 255, 255)), (_INNER, rgb(ACCENT))):
        marked[top - beyond : bottom + beyond, left - beyond : right + beyond] = colour
    marked[top:bottom, left:right] = whole[top:bottom, left:right]
    return marked
