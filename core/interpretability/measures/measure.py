"""What a measure is: an entry that says what its number means and what it does not, and how it is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import BrokenDataError, InvalidSettingError

Maps = NDArray[np.floating[Any]]  # (n, h, w)
Masks = NDArray[np.bool_]  # (n, h, w)
Scores = NDArray[np.float64]  # (n,); NaN where a measure is not defined

Value = TypeVar("Value", bound=np.generic)


@dataclass(frozen=True)
class Measure:
    """One number for each map, (n,); what `compute` takes is said by the registry that the measure is in."""

    name: str  # the key, as in tables
    title: str
    short: str  # for axes and captions
    meaning: str  # two lines: what it says; what it cannot, and the source
    lowest: float
    highest: float
    compute: Callable[..., Scores]


def as_maps(maps: NDArray[Any]) -> NDArray[np.float64]:
    """Return maps (n, h, w) in double precision.

    InvalidSettingError for another shape or no pixels, BrokenDataError for values that are not finite.
    """
    values = np.asarray(maps, np.float64)
    if values.ndim != 3 or 0 in values.shape[1:]:
        raise InvalidSettingError(f"maps of shape {values.shape}", "maps (n, height, width)", "give a stack of maps")
    broken = np.flatnonzero(~np.isfinite(values).all((1, 2)))
    if len(broken):
        raise BrokenDataError(
            f"map {broken[0]} holds NaN or infinity ({len(broken)} of {len(values)} maps)", "finite values", "redo it"
        )
    return values


def check_same_shape(one: NDArray[Any], other: NDArray[Any]) -> None:
    """Raise InvalidSettingError unless both are as large."""
    if one.shape != other.shape:
        raise InvalidSettingError(
            f"maps of shape {one.shape} against {other.shape}", "the same shape", "pair them, and crop both alike"
        )


def flat(maps: NDArray[Value]) -> NDArray[Value]:
    """Return maps (n, h, w) as (n, pixels), also where n is 0."""
    return maps.reshape(len(maps), maps.shape[1] * maps.shape[2])
