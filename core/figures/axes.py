"""What a trade-off is drawn in: a measure upwards, what it costs or what is removed across."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.unpruned import unpruned_network, unpruned_short

ACROSS = "across"  # the column that `placed` adds


@dataclass(frozen=True)
class Measure:
    """What is drawn upwards: a column of `runs_frame`, its bounds if it has any, and what guessing would score."""

    column: str
    title: str
    share: bool  # more is better then; else less
    chance: Callable[[int], float]  # number of classes -> its value for a network that guesses

    @property
    def bounds(self) -> tuple[str, str] | None:
        """The columns of its 95 % interval."""
        return (f"{self.column}_low", f"{self.column}_high") if self.share else None


MEASURES: dict[str, Measure] = {
    "top-1": Measure("top1", "Top-1 accuracy", True, lambda classes: 1 / classes),
    "top-5": Measure("top5", "Top-5 accuracy", True, lambda classes: min(1.0, 5 / classes)),
    "loss": Measure("loss", "Loss (cross-entropy, nats)", False, lambda classes: math.log(classes)),
}


@dataclass(frozen=True)
class Axis:
    """What is drawn across: of `columns` of `runs_frame` the first that is known of a run.

    Of a share that is removed more is better, and a dense network has none of it; of a cost less is better, and
    the dense network has its own. `form` is how a value is written, `ticks` how Plotly writes it.
    """

    name: str
    title: str
    meaning: str
    columns: tuple[str, ...]
    cost: bool
    form: Callable[[float], str]
    ticks: str | None = None


def _scaled(value: float) -> str:
    unit, one = next(((unit, one) for unit, one in (("G", 1e9), ("M", 1e6), ("k", 1e3)) if value >= one), ("", 1.0))
    return f"{value / one:.3g} {unit}".strip()


AXES: dict[str, Axis] = {
    axis.name: axis
    for axis in (
        Axis(
            "rate",
            "Nominal rate (share asked to be removed)",
            "the share that was asked for",
            ("rate",),
            cost=False,
            form=lambda value: f"{value:.2f}",
        ),
        Axis(
            "sparsity",
            "Sparsity (share really removed of the prunable weights)",
            "the share of the prunable weights that is really zero",
            ("sparsity_prunable",),
            cost=False,
            form=lambda value: f"{100 * value:.1f} %",
            ticks=".0%",
        ),
        Axis(
            "MACs",
            "MACs of an image, compacted where possible (← fewer, dense right)",
            "multiply-accumulates of one image, in the network from which removed channels are really taken out",
            ("compact_macs", "macs"),
            cost=True,
            form=_scaled,
            ticks="~s",
        ),
        Axis(
            "parameters",
            "Parameters that are not zero (← fewer, dense right)",
            "parameters that are not zero",
            ("nonzero",),
            cost=True,
            form=_scaled,
            ticks="~s",
        ),
        Axis(
            "latency",
            "Latency in ms where the dense network takes its median (← shorter, dense right)",
            "measured time of one batch, in the network from which removed channels are really taken out, over the "
            "dense network's measured beside it, times the median of those: how busy the machine was cancels out",
            ("compact_even_latency_ms", "even_latency_ms"),
            cost=True,
            form=lambda value: f"{value:.3g} ms",
        ),
    )
}


def with_even_latency(runs: pd.DataFrame) -> pd.DataFrame:
    """Return all runs (`runs_frame`) with their latencies as if the machine had always been equally busy.

    `even_latency_ms` and `compact_even_latency_ms` are the measured ones, divided by that of the dense network measured
    beside them and multiplied by `median_dense_latency_ms`, the median of those on the same device.
    """
    measured = ["latency_ms", "compact_latency_ms", "dense_latency_ms"]
    latency, compact, beside = (runs.reindex(columns=[name])[name].astype(float) for name in measured)
    median = beside.groupby(runs.reindex(columns=["speed_device"])["speed_device"]).transform("median")
    even = {"even_latency_ms": latency / beside * median, "compact_even_latency_ms": compact / beside * median}
    return runs.assign(**even, median_dense_latency_ms=median)


def placed(runs: pd.DataFrame, axis: Axis) -> pd.DataFrame:
    """Return the runs (`runs_frame` with `series`) with a column `across`: where on the axis each is, NaN if unknown.

    At a rate of zero is the network from which nothing was removed, and so are its controls; of its sparsity it is as
    long as that was not measured.
    """
    known = runs.reindex(columns=list(axis.columns)).astype(float)
    values = known.bfill(axis=1).iloc[:, 0]
    if not axis.cost:
        whole = np.array([one is None or one.control for one in runs["series"]], bool)
        values = values.mask(whole & (values.isna() | (axis.columns == ("rate",))), 0.0)
    return runs.assign(**{ACROSS: values})


def axis_words(axis: Axis, own_zeros: float) -> str:
    """Return the title of an axis for a network that came with such a share of zeros: not of a dense one, if many."""
    words = axis.title.replace("dense network", unpruned_network(own_zeros))
    return words.replace("dense right", f"{unpruned_short(own_zeros)} right")


def is_made_smaller(run: Mapping[Hashable, Any], axis: Axis) -> bool:
    """Return whether a run's place on the axis is that of the network from which channels were really taken out."""
    first = axis.columns[0]
    return first.startswith("compact_") and not math.isnan(run.get(first, math.nan))


def missing(runs: pd.DataFrame, axis: Axis) -> pd.DataFrame:
    """Return those of the runs that were evaluated whose place on the axis is not known."""
    evaluated = runs[runs["images"].notna()] if "images" in runs else runs.iloc[:0]
    return evaluated[placed(evaluated, axis)[ACROSS].isna()]


def axis_title(text: str) -> dict[str, Any]:
    """Return the title of an axis."""
    return {"text": text, "font": {"size": 14}}
