"""The strongest images of a unit as one small picture for a table."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_GAP = 2  # pixels


def thumbnails(pictures: NDArray[np.uint8], side: int) -> str:
    """Return pictures (n, h, w, 3) side by side, each `side` pixels wide and high, as a data URI."""
    strip = Image.new("RGB", (len(pictures) * (side + _GAP) - _GAP, side), "white")
    for place, picture in enumerate(pictures):
        small = Image.fromarray(picture).resize((side, side), Image.Resampling.BOX)
        strip.paste(small, (place * (side + _GAP), 0))
    file = io.BytesIO()
    strip.save(file, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
