"""A few real images, to check with that two networks say the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.data.example import example
from core.data.order import stratified_order
from core.data.preset import Preset
from core.data.source import Source
from core.errors import BrokenDataError


def first_images(source: Source, preset: Preset, count: int) -> NDArray[np.uint8]:
    """Return the pixels (n, h, w, 3) of the first images in the order of measuring; nothing is packed for them.

    Those that cannot be decoded are passed over. Raises BrokenDataError if none can.
    """
    found: list[NDArray[np.uint8]] = []
    for index in stratified_order(source.labels).tolist():
        if len(found) == count:
            break
        try:
            found.append(example(source, preset, index).pixels)
        except BrokenDataError as error:
            broken = error
    if not found:
        raise broken
    return np.stack(found)
