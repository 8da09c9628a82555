"""How sure a measured number is: intervals for one network, paired tests for two on the same images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from core.errors import InvalidSettingError

RESAMPLES = 9999
ROUNDING = 1e-12
AT_ONCE = 1_000_000  # numbers drawn together: 8 MB

Right = NDArray[np.bool_]  # (n,) whether the network was right about each image


@dataclass(frozen=True)
class Interval:
    """A confidence interval; for a share within 0..1, for a difference within -1..1; NaN where it is not known."""

    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of what lies between the two ends."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class Difference:
    """The accuracy of the pruned network less that of the dense one: negative where pruning costs accuracy."""

    value: float
    low: float
    high: float
    p: float  # two-sided, of the exact McNemar test


@dataclass(frozen=True)
class Pairs:
    """How many images each of two networks was right about."""

    both: int
    only_dense: int
    only_pruned: int
    neither: int

    @property
    def total(self) -> int:
        """How many images there are."""
        return self.both + self.only_dense + self.only_pruned + self.neither


def wilson(successes: int, n: int, level: float = 0.95) -> Interval:
    """Return Wilson's score interval of a share (Wilson 1927, without continuity correction).

    Raises InvalidSettingError unless 0 <= successes <= n and n >= 1.
    """
    if not 0 <= successes <= n or n < 1:
        raise InvalidSettingError(
            f"{successes} successes of {n}", "at least one trial, no more successes than trials", "count again"
        )
    z = _quantile(level)
    share, spread = successes / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = _half_width(share, n, z)
    return Interval(
        low=0.0 if successes == 0 else max(0.0, centre - half), high=1.0 if successes == n else min(1.0, centre + half)
    )


def _half_width(share: float, n: float, z: float) -> float:
    """Return half the width of Wilson's interval: z sqrt(p (1 - p) / n + z^2 / 4 n^2) / (1 + z^2 / n)."""
    return z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)


def bootstrap_mean(values: NDArray[np.floating[Any]], level: float = 0.95, seed: int = 0) -> Interval:
    """Return a bootstrap interval of the mean of values (n,), one an image; NaN are left out.

    Bias-corrected and accelerated (BCa, Efron 1987, JASA 82:171), since scores crowd at one end of their range and BCa
    allows for such skewness; 9,999 resamples, the same for the same seed. NaN to NaN for fewer than two values, which
    tell of no spread, and for infinite ones; values that are equal but for rounding give their ends.
    InvalidSettingError unless 0 < level < 1.
    """
    _check_level(level)
    known = np.asarray(values, np.float64)
    known = known[~np.isnan(known)]
    if len(known) < 2 or np.isinf(known).any():
        return Interval(math.nan, math.nan)
    low, high = float(known.min()), float(known.max())
    if high - low <= ROUNDING * max(abs(low), abs(high)):
        return Interval(low, high)
    batch, rng = max(1, AT_ONCE // len(known)), np.random.default_rng(seed)
    found = stats.bootstrap((known,), np.mean, n_resamples=RESAMPLES, batch=batch, confidence_level=level, rng=rng)
    ends = found.confidence_interval
    return Interval(max(low, float(ends.low)), min(high, float(ends.high)))  # rounding may put a mean outside


def _quantile(level: float) -> float:
    _check_level(level)
    return float(stats.norm.ppf((1 + level) / 2))


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise InvalidSettingError(f"a confidence level of {level}", "between 0 and 1", "try 0.95")


def mcnemar(dense_right: Right, pruned_right: Right) -> float:
    """Return the two-sided p of the exact McNemar test: could as many disagreements be split so unevenly by chance?

    Raises InvalidSettingError unless both are about the same images, and at least one.
    """
    return _mcnemar(pairs(dense_right, pruned_right))


def _mcnemar(table: Pairs) -> float:
    disagreements = table.only_dense + table.only_pruned
    return float(stats.binomtest(table.only_dense, disagreements).pvalue) if disagreements else 1.0


def paired_difference(dense_right: Right, pruned_right: Right, level: float = 0.95) -> Difference:
    """Return the difference in accuracy, pruned less dense, on the same images.

    See `difference`, and `mcnemar` for errors.
    """
    return difference(pairs(dense_right, pruned_right), level)


@lru_cache(maxsize=8192)
def difference(table: Pairs, level: float = 0.95) -> Difference:
    """Return the difference in accuracy, pruned less dense, of answers that were so often right.

    The interval squares and adds Wilson's, allowing for how the two networks agree (Newcombe 1998, Statistics in
    Medicine 17:2635, method 10). Kept, since most classes and layers share their counts with another. Of one
    image at least.
    """
    n, dense, pruned = table.total, table.both + table.only_dense, table.both + table.only_pruned
    reach = _reaches(pruned / n, wilson(pruned, n, level)), _reaches(dense / n, wilson(dense, n, level))
    (pruned_down, pruned_up), (dense_down, dense_up) = reach
    value, phi = (pruned - dense) / n, _correlation(table)
    low = max(-1.0, value - _square_and_add(pruned_down, dense_up, phi))
    high = min(1.0, value + _square_and_add(pruned_up, dense_down, phi))
    return Difference(value, low, high, _mcnemar(table))


def pairs(dense_right: Right, pruned_right: Right) -> Pairs:
    """Count the images by which of the two networks was right about them; see `mcnemar` for errors."""
    dense, pruned = np.asarray(dense_right, bool), np.asarray(pruned_right, bool)
    if dense.shape != pruned.shape or dense.ndim != 1 or not len(dense):
        raise InvalidSettingError(
            f"{dense.shape} answers against {pruned.shape}",
            "two lists about the same images, at least one",
            "pair them",
        )
    agree = int((dense & pruned).sum()), int((~dense & ~pruned).sum())
    return Pairs(agree[0], int((dense & ~pruned).sum()), int((~dense & pruned).sum()), agree[1])


def _reaches(share: float, interval: Interval) -> tuple[float, float]:
    return share - interval.low, interval.high - share


def _square_and_add(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))


def _correlation(table: Pairs) -> float:
    """Return the correlation phi of the two networks' answers, drawn in by n/2 where it is positive (method 10)."""
    dense, pruned, n = table.both + table.only_dense, table.both + table.only_pruned, table.total
    margins = math.sqrt(dense * (n - dense)) * math.sqrt(pruned * (n - pruned))
    excess = table.both * table.neither - table.only_dense * table.only_pruned
    corrected = max(excess - n / 2, 0) if excess > 0 else excess
    return corrected / margins if margins else 0.0
