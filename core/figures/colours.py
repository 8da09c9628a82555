"""Numbers to colours: the scale of a map, diverging if it is signed, cividis if not."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidSettingError
from core.figures.theme import CIVIDIS, palette

Floats = NDArray[np.float32]

_LEVELS = 1025  # odd, so that zero has an entry of its own in a diverging scale


def rgb(colour: str) -> tuple[int, int, int]:
    """Return `#RRGGBB` as three numbers from 0 to 255."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def stops(signed: bool, dark: bool) -> tuple[str, ...]:
    """Return the colours of the scale at equal distances, from its lowest value to its highest."""
    return palette(dark).diverging if signed else CIVIDIS


def colourise(values: NDArray[np.floating], *, limit: float, signed: bool, dark: bool) -> Floats:
    """Map values (h, w) to colours (h, w, 3) from 0 to 255.

    A signed scale runs from -limit to limit with zero in its middle, an unsigned one from 0 to limit; what lies
    outside takes the colour of the end. InvalidSettingError unless the limit is positive.
    """
    if not limit > 0:
        raise InvalidSettingError(f"limit {limit} of a colour scale", "a number above 0", "use common_limit(maps)")
    share = (values / limit + 1) / 2 if signed else values / limit
    level = np.rint(np.clip(share, 0, 1) * (_LEVELS - 1)).astype(np.intp)
    return _table(signed, dark)[level]


@cache
def _table(signed: bool, dark: bool) -> Floats:
    anchors = np.array([rgb(colour) for colour in stops(signed, dark)], dtype=np.float32)
    at = np.linspace(0, len(anchors) - 1, _LEVELS)
    channels = [np.interp(at, np.arange(len(anchors)), anchors[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).astype(np.float32)
