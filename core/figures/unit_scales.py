"""The axis of a score between 0 and 1: as it is, or by its log-odds, which tell good scores apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.figures.axes import axis_title

_END = 5e-4  # log-odds have no end
_ODDS = (0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999)
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_LEAST = 0.1  # of an axis on which all is the same
_BELOW = 0.25  # where an axis of shares begins at the latest


@dataclass(frozen=True)
class ScoreScale:
    """Where scores are drawn on an axis."""

    odds: bool = False
    end: float = _END  # what is nearer to 0 or 1 than this is drawn here, by log-odds
    step: float = 0.0  # between two neighbouring scores; 0 where they take any value

    def place(self, scores: ArrayLike) -> NDArray[np.float32]:
        """Return where scores are drawn."""
        values = np.asarray(scores, np.float64)
        if not self.odds:
            return values.astype(np.float32)
        inside = np.clip(values, self.end, 1 - self.end)
        return np.log(inside / (1 - inside)).astype(np.float32)

    @property
    def stride(self) -> float:
        """How far two neighbouring scores lie from each other at least; 0 where they take any value."""
        return float(self.place(0.5 + self.step) - self.place(0.5))

    def apart(self, places: NDArray[np.float32], rows: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        """Return places moved by less than half a step, the same for a row at each call: else dots hide dots."""
        chance = np.random.default_rng(seed).uniform(-0.5, 0.5, int(rows.max(initial=0)) + 1)
        return (places + 0.8 * self.stride * chance[rows]).astype(np.float32)

    def ends(self, lowest: float = 0.0, highest: float = 1.0) -> tuple[float, float]:
        """Return where the axis begins and ends, with a little room: by log-odds at the scores that are drawn."""
        shown = (lowest, highest) if self.odds else (min(lowest, _BELOW), 1.0)
        low, high = (float(self.place(end)) for end in shown)
        room = max(0.03 * max(high - low, _LEAST), self.stride)
        return low - room, high + room

    def _marks(self) -> tuple[float, ...]:
        if not self.odds:
            return _SHARES
        inside = tuple(mark for mark in _ODDS if self.end < mark < 1 - self.end)
        return (0.0, *inside, 1.0) if self.step else inside

    def axis(self, title: str, lowest: float = 0.0, highest: float = 1.0) -> dict[str, Any]:
        """Return the axis, its ticks at scores; `lowest` and `highest` are the ends of what is drawn."""
        marks = self._marks()
        name = f"{title}, log-odds scale" if self.odds else title
        return {
            "title": axis_title(name),
            "range": list(self.ends(lowest, highest)),
            "tickmode": "array",
            "tickvals": [float(self.place(mark)) for mark in marks],
            "ticktext": [f"{mark:g}" for mark in marks],
            "zeroline": False,
        }


def hard_scale(tasks: int, *, odds: bool) -> ScoreScale:
    """Return the axis of a share of so many tasks; by log-odds all and none are drawn half a task from the end."""
    return ScoreScale(odds, 1 / (2 * tasks), 1 / tasks)


def score_text(score: float, low: float = math.nan, high: float = math.nan) -> str:
    """Return a score with its interval, if it has one: "0.912 (0.880 to 0.931)"."""
    if math.isnan(score):
        return "–"
    return f"{score:.3f}" if math.isnan(low) else f"{score:.3f} ({low:.3f} to {high:.3f})"
