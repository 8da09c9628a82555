"""The tasks of one unit, for a person to play beside the machine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from core.interpretability.mis.judge import certainty, differences, similarities
from core.interpretability.mis.measure import Embeddings, Places, rows_of
from core.interpretability.mis.tasks import NEGATIVE, POSITIVE, draw
from core.interpretability.units.activity import Activity
from core.units.study import UnitStudy


@dataclass(frozen=True, eq=False)
class Task:
    """One task as it was scored: the images by their places in the pack, and how the machine decided."""

    positive: NDArray[np.int64]  # (K,) that activate the unit strongly, the most extreme bin first
    negative: NDArray[np.int64]  # (K,) weakly
    query_positive: int
    query_negative: int
    similarity: NDArray[np.float32]  # (2, 2) mean cosine similarity of [q+, q-] to [positive, negative]
    difference: float  # D+ - D-
    probability: float  # of the right answer

    @property
    def right(self) -> bool | None:
        """Whether the machine is right; None if both answers are as good to it."""
        return None if self.difference == 0 else self.difference > 0


def play(
    activity: Activity, embeddings: Embeddings, places: Places, study: UnitStudy, place: str, unit: int
) -> tuple[Task, ...]:
    """Return the very tasks that a unit was scored by; none of a constant unit. Arguments as for `measure_units`."""
    index = activity.units_of(place).start + unit
    if activity.constant[index]:
        return ()
    images = [
        draw(study, [(place, unit)], side, extremes[index][None])[0]
        for side, extremes in ((POSITIVE, activity.top), (NEGATIVE, activity.bottom))
    ]
    known = torch.from_numpy(np.ascontiguousarray(embeddings, np.float32))
    similar = similarities(known, *(torch.from_numpy(rows_of(drawn, places)) for drawn in images))
    decided = differences(similar)
    sure = certainty(decided, study.alpha)
    return tuple(
        Task(strong[1:], weak[1:], int(strong[0]), int(weak[0]), similar[i].numpy(), float(decided[i]), float(sure[i]))
        for i, (strong, weak) in enumerate(zip(*images, strict=True))
    )
