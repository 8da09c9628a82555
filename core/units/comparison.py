"""Networks whose units one study scored, beside one another: network by network, and unit by unit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from core.errors import BrokenDataError
from core.evaluation.statistics import bootstrap_mean
from core.families import Member
from core.series import series_of
from core.units.study import UnitStudy

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


def network_table(members: Iterable[Member], figures: Mapping[str, Figures], part: str = "") -> pd.DataFrame:
    """Return one row a network, in the order of `members`, with the figures that `study_figures` has of it.

    Columns `id`, `title`, `series` (None for the dense network), `rate`, `top1` and `sparsity` (shares, NaN if
    unknown) and FIGURES, NaN where no unit is live. `part` is a layer or a block; empty: the whole network.
    """
    rows = [_row(member, _part(figures[member.id], part)) for member in members if member.id in figures]
    columns = ["id", "title", "series", "rate", "top1", "sparsity", *FIGURES]
    return pd.DataFrame(rows, columns=columns)


def _row(member: Member, figures: Figures) -> dict[str, Any]:
    known = {name: figures.get(name) for name in FIGURES}
    return {
        "id": member.id,
        "title": member.title,
        "series": series_of(member.spec),
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


def medians(members: Iterable[Member], figures: Mapping[str, Figures], parts: str) -> pd.DataFrame:
    """Return the median score of the live units of each part, a row a part, a column a network (its run id).

    `parts` is "layers" or "blocks".
    """
    known = {member.id: figures[member.id].get(parts, {}) for member in members if member.id in figures}
    return pd.DataFrame(
        {run: {name: one.get("median") for name, one in found.items()} for run, found in known.items()}, dtype=float
    )


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


def block_changes(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return how the change of `matched` is distributed in each block, in the order of the network.

    Columns `block`, `units`, `live` (in both), `died`, `woke`, and `low`, `lower`, `median`, `upper`, `high`: the
    quantiles 5, 25, 50, 75 and 95 % of the change over the units that are live in both, NaN where there are none.
    """
    quantiles = {"low": 0.05, "lower": 0.25, "median": 0.5, "upper": 0.75, "high": 0.95}
    rows = []
    for block, units in pairs.groupby("block", sort=False):
        states, changes = units["state"].value_counts(), units.loc[units["state"] == LIVE, "change"]
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


def units_table(units: pd.DataFrame, study: UnitStudy, member: Member) -> pd.DataFrame:
    """Return `unit_frame` as one takes it away: the network and its rate in each row, the scores by their whole names.

    Columns such as "MIS (dreamsim)", "MIS (dreamsim) low", "hard score (dreamsim)".
    """
    named = {
        "mis": study.score, "mis_low": f"{study.score} low", "mis_high": f"{study.score} high", "hard": hard_name(study)
    }  # fmt: skip
    table = units.rename(columns=named)
    table.insert(0, "network", member.title)
    table.insert(1, "run", member.id)
    return table.assign(study=study.in_words())
