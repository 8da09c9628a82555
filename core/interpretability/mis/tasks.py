"""Which images make a unit's tasks: K that activate it strongly, K weakly, and of each kind one more to tell apart.

A unit's draws are seeded by the study, the unit and the side alone: they are the same whichever other units are
scored, and by rank, so that they are the same in each network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.units.study import UnitStudy

Ranks = NDArray[np.int64]  # (N, K + 1), 0 for the most extreme image: a task's query, then its explanations

POSITIVE, NEGATIVE = "positive", "negative"  # the two sides


def generator(study: UnitStudy, place: str, unit: int, purpose: str) -> np.random.Generator:
    """Return the random numbers that belong to a unit for one purpose, whatever else is computed."""
    name = f"{study.seed}/{place}/{unit}/{purpose}"
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:16]))


def draw(study: UnitStudy, units: Iterable[tuple[str, int]], side: str, extremes: NDArray[Any]) -> NDArray[np.int64]:
    """Return the images of the tasks of units, (u, N, K + 1), the query first.

    `units` are places with channels, `extremes` (u, keep) their images, the most extreme first.
    """
    by_rank = _BY_RANK[study.drawing]
    ranks = np.stack([by_rank(study, generator(study, place, unit, side)) for place, unit in units])
    flat = ranks.reshape(len(ranks), -1)
    return np.take_along_axis(extremes.astype(np.int64), flat, axis=1).reshape(ranks.shape)


def _bins(study: UnitStudy, rng: np.random.Generator) -> Ranks:
    """Cut N (K + 1) ranks in K + 1 bins; each task takes one of each, the query from the most extreme."""
    bins = np.arange(study.keep).reshape(study.explanations + 1, study.tasks)
    return rng.permuted(bins, axis=1).T


def _quantile(study: UnitStudy, rng: np.random.Generator) -> Ranks:
    """Draw K + 1 of the ranks that are kept for each task; the query is the least extreme of them."""
    keys = rng.random((study.tasks, study.keep))
    drawn = np.argpartition(keys, study.explanations, axis=1)[:, : study.explanations + 1]
    return np.roll(np.sort(drawn, axis=1), 1, axis=1)


_BY_RANK: Mapping[str, Callable[[UnitStudy, np.random.Generator], Ranks]] = {"bins": _bins, "quantile": _quantile}
