"""The Pareto front: the runs that none other beats both in what they can do and in what they cost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures.axes import ACROSS, AXES, MEASURES, placed
from core.figures.theme import palette
from core.series import Series
from core.store.queue import OPEN


def not_dominated(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points (n,) no other point equals or beats in both values while it beats it in one; less is better.

    Equal points are on the front together or not at all.
    """
    order = np.lexsort((second, first))
    best = np.minimum.accumulate(second[order])
    before = np.concatenate([[np.inf], best[:-1]])
    found = np.zeros(len(first), bool)
    found[order] = second[order] < before
    points = set(zip(first[found].tolist(), second[found].tolist(), strict=True))
    return np.array([point in points for point in zip(first.tolist(), second.tolist(), strict=True)], bool)


def comparable(runs: pd.DataFrame, x: str) -> pd.DataFrame:
    """Return those of the runs (`runs_frame` with `series`) that may lie on a front.

    They are finished and measured on at least as many images as most are: the commonest number, of several the least.
    Across the nominal rate no mask was let go: where zeros grew back, the rate does not say what is removed.
    """
    images = runs.reindex(columns=["images"])["images"].astype(float)
    finished = images.notna() & ~runs.reindex(columns=["state"])["state"].isin(OPEN)
    found = runs[finished & (images >= images[finished].mode().min())]
    return found[[_says_what_is_removed(one) for one in found["series"]]] if x == "rate" and len(found) else found


def _says_what_is_removed(series: Series | None) -> bool:
    return series is None or series.retraining is None or series.retraining.held


def pareto_front(runs: pd.DataFrame, x: str, y: str = "top-1") -> pd.DataFrame:
    """Return those of the runs (`runs_frame` with `series`) that lie on the front, from left to right.

    With a column `across`: the place of each on the axis. Runs that are not `comparable`, or of which one of the two
    is not known, are left out.
    """
    axis, measure = AXES[x], MEASURES[y]
    runs = comparable(runs, x)
    known = placed(runs, axis).reindex(columns=[*runs.columns.union([measure.column], sort=False), ACROSS])
    known = known.dropna(subset=[ACROSS, measure.column])
    cost = known[ACROSS].to_numpy(float) * (1 if axis.cost else -1)
    loss = known[measure.column].to_numpy(float) * (-1 if measure.share else 1)
    return known[not_dominated(cost, loss)].sort_values([ACROSS, measure.column])


def with_front(figure: go.Figure, runs: pd.DataFrame, *, x: str, y: str = "top-1", dark: bool = False) -> go.Figure:
    """Add the front of the runs to the figure that `tradeoff_curves` drew of them, as a step line.

    At each place it shows the best that is reached with at most that cost, or with at least that much removed.
    """
    front = pareto_front(runs, x, y)
    line = {"color": palette(dark).text, "width": 1, "shape": "hv" if AXES[x].cost else "vh"}
    return figure.add_scatter(
        x=front[ACROSS].tolist(), y=front[MEASURES[y].column].tolist(), name="Pareto front", mode="lines", line=line,
        hoverinfo="skip",
    )  # fmt: skip
