"""Networks whose units one study scored, beside one another: network by network, and unit by unit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from core.errors import BrokenDataError
from core.evaluation.statistics import bootstrap_mean
from core.families import Member
from core.series import Series, titles
from core.units.study import UnitStudy
from core.words import by_id

Figures = Mapping[str, Any]

FIGURES = ("units", "live", "constant", "hard", "mis", "mis_low", "mis_high", "median")
LIVE, DIED, WOKE, CONSTANT = "live in both", "died", "woke", "constant in both"
STATES: dict[str, str] = {
    LIVE: "fires differently on different images in both networks",
    DIED: "live in the dense network, constant in the other",
    WOKE: "constant in the dense network, live in the other",
    CONSTANT: "constant in both networks",
}
_PAIRED = ("constant", "mis", "mis_low", "mis_high", "hard")
_FEWEST = 3  # networks that a correlation takes: of two it is 1 or -1 whatever they are


def hard_name(study: UnitStudy) -> str:
    """Return the name of the hard score, its encoder with it: "hard score (dreamsim)"."""
    return f"hard score{study.score.removeprefix('MIS')}"


def distinct_titles(members: Iterable[Member]) -> dict[str, str]:
    """Return by run id what each network is, short; where two would be called the same, with what tells them apart.

    "Structured 0.50", but "Structured 0.50, L1" beside "Structured 0.50, random"; in the end by the run's id.
    """
    every = list(members)
    said = {member.id: member.title for member in every}
    for title, times in Counter(said.values()).items():
        if times > 1:
            said |= _told_apart([member for member in every if member.title == title])
    return by_id(said)


def _told_apart(members: Sequence[Member]) -> dict[str, str]:
    """Return by run id the common title of networks with whatever tells their curves apart."""
    curves = {member.id: member.series for member in members}
    names = titles([curve for curve in curves.values() if curve])
    return {member.id: _with_details(member, curves[member.id], names) for member in members}


def _with_details(member: Member, curve: Series | None, names: Mapping[Series, str]) -> str:
    if curve is None:
        return member.title
    details = names[curve].removeprefix(curve.parts["technique"])
    first, _, retrained = member.title.partition(", ")
    if round(member.rate, 2) != member.rate:
        first = first.replace(f"{member.rate:.2f}", f"{member.rate:g}")
    again = f", {retrained}" if retrained and curve.parts["retraining"] not in details else ""
    return f"{first}{details}{again}"


def network_table(members: Iterable[Member], figures: Mapping[str, Figures], part: str = "") -> pd.DataFrame:
    """Return one row a network, in the order of `members`, with the figures that `study_figures` has of it.

    Columns `id`, `title` (of `distinct_titles`), `series` (None for the dense network), `rate`, `top1` and `sparsity`
    (shares, NaN if unknown) and FIGURES, NaN where no unit is live. `part` is a layer or a block; empty: the whole
    network.
    """
    known = [member for member in members if member.id in figures]
    names = distinct_titles(known)
    rows = [_row(member, names[member.id], _part(figures[member.id], part)) for member in known]
    columns = ["id", "title", "series", "rate", "top1", "sparsity", *FIGURES]
    return pd.DataFrame(rows, columns=columns)


def _row(member: Member, title: str, figures: Figures) -> dict[str, Any]:
    known = {name: figures.get(name) for name in FIGURES}
    return {
        "id": member.id,
        "title": title,
        "series": member.series,
        "rate": member.rate,
        "top1": math.nan if member.top1 is None else member.top1,
        "sparsity": math.nan if member.sparsity is None else member.sparsity,
        **{name: math.nan if value is None else value for name, value in known.items()},
    }


def _part(figures: Figures, part: str) -> Figures:
    if not part:
        return figures
    found: Figures = figures.get("layers", {}).get(part) or figures.get("blocks", {}).get(part) or {}
    return found


def yardstick(randomised: Figures | None, column: str, part: str = "") -> float | None:
    """Return a mean score of `randomised_figures`, of a layer or block if one is named; None if it is not known."""
    value = _part(randomised or {}, part).get(column)
    return None if value is None else float(value)


def medians(units: Mapping[str, pd.DataFrame], part: str, column: str) -> pd.DataFrame:
    """Return the median of a score over the live units of each part, a row a part, a column a network (its run id).

    `units` has each network's `unit_frame`; `part` is "layer" or "block", `column` "hard" or "mis".
    """
    live = {run: frame[column].astype(float).mask(frame["constant"]) for run, frame in units.items()}
    return pd.DataFrame({run: live[run].groupby(frame[part], sort=False).median() for run, frame in units.items()})


def matched(dense: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return the same units of two networks side by side, in the order of the network.

    Both as `unit_frame` of one study. Columns `layer`, `block`, `unit`, `state` (a key of STATES), the scores of
    `other` under their own names and those of `dense` after `dense_`, and `change` (of the score) and `hard_change`,
    NaN unless both are live. Raises BrokenDataError if these are not the same units.
    """
    place = ["layer", "unit"]
    if len(dense) != len(other) or not dense[place].equals(other[place]):
        raise BrokenDataError(
            f"{len(dense):,} units of one network do not match {len(other):,} of another",
            "the units of one study",
            "score both networks again",
        )
    before = dense[list(_PAIRED)].add_prefix("dense_")
    frame = pd.concat([other[["layer", "block", "unit", *_PAIRED]], before], axis=1)
    frame["state"] = _states(frame["dense_constant"].to_numpy(bool), frame["constant"].to_numpy(bool))
    frame["change"] = frame["mis"].astype(float) - frame["dense_mis"].astype(float)
    frame["hard_change"] = frame["hard"].astype(float) - frame["dense_hard"].astype(float)
    return frame


def _states(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return np.select([before & after, after, before], [CONSTANT, DIED, WOKE], LIVE)


@dataclass(frozen=True)
class Change:
    """The mean change of a score over the units that are live in both of two networks, with its interval."""

    units: int
    mean: float
    low: float
    high: float


def mean_change(pairs: pd.DataFrame, column: str = "change") -> Change:
    """Return the mean of a change of `matched` with its 95 % interval; NaN where no unit is live in both.

    A bootstrap over the pairs (BCa), as if units were drawn independently of each other, which those of a layer are
    not.
    """
    values = pairs.loc[pairs["state"] == LIVE, column].to_numpy(float)
    if not len(values):
        return Change(0, math.nan, math.nan, math.nan)
    interval = bootstrap_mean(values)
    return Change(len(values), float(values.mean()), interval.low, interval.high)


def block_changes(pairs: pd.DataFrame, column: str = "change") -> pd.DataFrame:
    """Return how a change of `matched` is distributed in each block, in the order of the network.

    Columns `block`, `units`, `live` (in both), `died`, `woke`, and `low`, `lower`, `median`, `upper`, `high`: the
    quantiles 5, 25, 50, 75 and 95 % of the change over the units that are live in both, NaN where there are none.
    """
    quantiles = {"low": 0.05, "lower": 0.25, "median": 0.5, "upper": 0.75, "high": 0.95}
    rows = []
    for block, units in pairs.groupby("block", sort=False):
        states, changes = units["state"].value_counts(), units.loc[units["state"] == LIVE, column]
        counts = {"units": len(units), **{name: int(states.get(name, 0)) for name in (DIED, WOKE)}}
        spread = {name: float(changes.quantile(share)) for name, share in quantiles.items()}
        rows.append({"block": block, "live": len(changes), **counts, **spread})
    return pd.DataFrame(rows, columns=["block", "units", "live", DIED, WOKE, *quantiles])


@dataclass(frozen=True)
class Correlation:
    """How a score goes with something else over so many networks; NaN where there are too few, or all are equal."""

    networks: int
    pearson: float
    spearman: float


def correlation(table: pd.DataFrame, column: str, against: str) -> Correlation:
    """Return Pearson's r and Spearman's rank correlation of two columns of `network_table`.

    No p: the networks come from one another, so that none is independent of the rest.
    """
    known = table[[column, against]].astype(float).dropna()
    if len(known) < _FEWEST or (known.nunique() < 2).any():
        return Correlation(len(known), math.nan, math.nan)
    one, other = known[column].to_numpy(), known[against].to_numpy()
    return Correlation(len(known), float(stats.pearsonr(one, other)[0]), float(stats.spearmanr(one, other)[0]))


def score_columns(study: UnitStudy) -> dict[str, str]:
    """Return the columns of scores by their whole names, the encoder in each: "MIS (dreamsim) low"."""
    score = study.score
    return {
        "hard": hard_name(study), "mis": score, "mis_low": f"{score} low", "mis_high": f"{score} high",
        "median": f"{score} median",
    }  # fmt: skip


def units_table(units: pd.DataFrame, study: UnitStudy, title: str, run_id: str) -> pd.DataFrame:
    """Return `unit_frame` as one takes it away: the network in each row, the scores as `score_columns` has them."""
    table = units.rename(columns=score_columns(study))
    table.insert(0, "network", title)
    table.insert(1, "run", run_id)
    return table.assign(study=study.in_words())
