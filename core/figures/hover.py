"""All figures of a run, in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from core.figures.axes import AXES, Axis, is_made_smaller
from core.series import Series
from core.unpruned import against_title, came_pruned, unpruned_network, unpruned_title, zeros
from core.words import between, count, percent, points, points_between, probability

Row = Mapping[Hashable, Any]


def hover_text(run: Row) -> str:
    """Return all figures of a run (a row of `runs_frame` with `series`) as lines for a hover."""
    return "<br>".join(f"{name} {value}".strip() for name, value in figures_of(run))


def figures_of(run: Row) -> list[tuple[str, str]]:
    """Return the figures of a run as pairs of words and value, the first the run itself."""
    series = run.get("series")
    name = unpruned_title(zeros(run)) if series is None else _name(series)
    found = [(f"<b>{name}</b>", "" if series is None or series.control else f"rate {run['rate']:.2f}")]
    if series is None and came_pruned(zeros(run)):
        found.append(("zeros", f"{percent(zeros(run))} of all parameters, before anything is removed here"))
    found += [
        ("top-1", f"{percent(run['top1'])} ({between(run['top1_low'], run['top1_high'])})"),
        ("top-5", f"{percent(run['top5'])} ({between(run['top5_low'], run['top5_high'])})"),
        ("loss", f"{run['loss']:.3f}"),
    ]
    if not math.isnan(run.get("change", math.nan)):
        change = points_between(run["change_low"], run["change_high"])
        found.append(
            (
                against_title(run.get("own_zeros", 0.0)),
                f"{points(run['change'])} ({change}), {probability(run['mcnemar_p'])}",
            )
        )
    if (series is not None and not series.control) or run.get("sparsity_prunable", 0.0) > 0:
        found.append(("sparsity", sparsities(run)))
    found += _costs(run)
    return [*found, ("on", count(int(run["images"]), "image") + (", shipped" if run.get("shipped") else ""))]


def _name(series: Series) -> str:
    return ", ".join(words for words in series.parts.values() if words)


def sparsities(run: Row) -> str:
    """Return what is removed of a run, over each denominator: "9.8 % of prunable, 9.1 % of convs, ..."."""
    named = {"prunable": "prunable", "conv": "convs", "all": "all weights"}
    return ", ".join(f"{percent(run.get(f'sparsity_{key}', math.nan))} of {words}" for key, words in named.items())


def _costs(run: Row) -> list[tuple[str, str]]:
    """Return what is known of the costs, and where channels were really taken out, also what they are with zeros."""
    found = []
    for axis in (axis for axis in AXES.values() if axis.cost):
        known = [value for name in axis.columns if not math.isnan(value := run.get(name, math.nan))]
        if known:
            words = _both(known, axis.form) if is_made_smaller(run, axis) else axis.form(known[0])
            found.append(("not zero" if axis.name == "parameters" else axis.name, words + _where(run, axis)))
    return found + _measured_latency(run)


def _both(known: Sequence[float], form: Callable[[float], str]) -> str:
    """Return the cost of a network made smaller and, where it is known, of the one with zeros."""
    return f"{form(known[0])} compacted, {form(known[-1])} with zeros" if len(known) > 1 else form(known[0])


def _where(run: Row, axis: Axis) -> str:
    dense = run.get("median_dense_latency_ms", math.nan)
    return (
        f" where the {unpruned_network(run.get('own_zeros', 0.0))} takes {axis.form(dense)}"
        if axis.name == "latency"
        else ""
    )


def _measured_latency(run: Row) -> list[tuple[str, str]]:
    """Return the latency as it was measured, and that of the dense network at the same moment."""
    form, names = AXES["latency"].form, ("compact_latency_ms", "latency_ms")
    known = [value for name in names if not math.isnan(value := run.get(name, math.nan))]
    if not known:
        return []
    dense = run.get("dense_latency_ms", math.nan)
    beside = "" if math.isnan(dense) else f"; the {unpruned_network(run.get('own_zeros', 0.0))} beside it {form(dense)}"
    return [("measured", _both(known, form) + beside)]
