"""The runs of a store as one looks at them: by dense network and data, then by curve, then by rate."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import pandas as pd

from core.data.source import SCENES
from core.errors import BrokenDataError
from core.experiment import ExperimentSpec, spec_in_words
from core.networks.registry import NETWORKS
from core.pruning.techniques import TECHNIQUES
from core.series import Series, own_zeros, series_of, titles
from core.unpruned import control_title, unpruned_title


@dataclass(frozen=True)
class Member:
    """A run and what is known of it so far."""

    id: str
    spec: ExperimentSpec
    images: int  # measured so far, 0 if none
    top1: float | None  # a share; None if nothing was measured yet
    sparsity: float | None = None  # the share of the prunable weights that is gone; None if it was not measured yet
    own_zeros: float = 0.0  # the share of all parameters that were zero as the network came; 0 if not measured yet

    @property
    def kind(self) -> str:
        """What it is but for the rate, short enough for a tile: "Structured, retrained"."""
        if self.spec.is_control:
            return control_title(self.own_zeros)
        return unpruned_title(self.own_zeros) if self.spec.is_dense else self._pruned("")

    @property
    def title(self) -> str:
        """What it is, short enough for a tile: "Structured 0.15", "Structured 0.50, retrained", "Dense control"."""
        return self.kind if self.spec.pruning.dense else self._pruned(f" {self.rate:.2f}")

    @property
    def words(self) -> str:
        """What was done, short enough for a legend: "structured L1 0.10, local"."""
        return spec_in_words(self.spec, self.own_zeros)

    @property
    def series(self) -> Series | None:
        """The curve that it lies on, None of the dense network."""
        return series_of(self.spec, self.own_zeros)

    def _pruned(self, rate: str) -> str:
        retraining = self.spec.retraining
        after = "" if retraining is None else ", retrained" if retraining.trains else ", re-calibrated"
        return f"{TECHNIQUES[self.spec.pruning.technique].title}{rate}{after}"

    @property
    def rate(self) -> float:
        """The nominal rate."""
        return self.spec.pruning.rate


@dataclass(frozen=True)
class Family:
    """A dense network on some data, and all the ways in which it was pruned and retrained there."""

    title: str
    network_sha: str
    data_sha: str
    members: tuple[Member, ...]  # the latest last

    @property
    def spec(self) -> ExperimentSpec:
        """The dense experiment, as the latest run names its network and data."""
        return self.members[-1].spec.dense()

    @property
    def dense(self) -> Member | None:
        """The run of the dense network, None if it was not run."""
        return next((member for member in self.members if member.spec.is_dense), None)

    def curves(self) -> dict[str, tuple[Member, ...]]:
        """Return the pruned or retrained runs of each curve by rising rate, under names that tell the curves apart."""
        found: dict[Series, list[Member]] = {}
        for member in self.members:
            series = member.series
            if series is not None:
                found.setdefault(series, []).append(member)
        return {title: tuple(sorted(found[one], key=lambda each: each.rate)) for one, title in titles(found).items()}

    def member(self, run_id: str) -> Member | None:
        """Return the run of that id, None if it is not of this family."""
        return next((member for member in self.members if member.id == run_id), None)


def families(runs: pd.DataFrame) -> tuple[Family, ...]:
    """Sort the rows of `runs_frame` into families, the one with the latest run first, their titles all different."""
    if runs.empty:
        return ()
    known = runs.assign(own_zeros=own_zeros(runs))
    groups = [rows for _, rows in known.sort_values("created_at").groupby(["network_sha", "data_sha"])]
    groups.sort(key=lambda rows: float(rows["created_at"].max()), reverse=True)
    names = [_in_words(str(rows["network"].iloc[-1]), str(rows["data"].iloc[-1])) for rows in groups]
    return tuple(_family(rows, name, names.count(name) > 1) for rows, name in zip(groups, names, strict=True))


def _in_words(network: str, data: str) -> str:
    """Return "GoogLeNet demo, generated scenes"; of files the last names of their paths."""
    whose = NETWORKS[network].title if network in NETWORKS else PurePath(network).name
    return f"{whose}, {data_in_words(data)}"


def data_in_words(data: str) -> str:
    """Return images as a spec names them, short: "generated scenes"; of a path the last two names."""
    return "generated scenes" if data == SCENES else "/".join(PurePath(data).parts[-2:])


def check_unchanged(family: Family, network_sha: str, data_sha: str | None) -> None:
    """Raise BrokenDataError unless a family's runs are of this network and data; None: the data's are not known."""
    changed = [
        what
        for what, then, now in (("weights", family.network_sha, network_sha), ("images", family.data_sha, data_sha))
        if now is not None and now != then
    ]
    if changed:
        raise BrokenDataError(
            f"the {' and the '.join(changed)} of {family.title} changed since these runs were made",
            "the same weights and the same images",
            "put back what they were, or run them again in Trade-offs",
        )


def _family(rows: pd.DataFrame, name: str, ambiguous: bool) -> Family:
    network, data = str(rows["network_sha"].iloc[0]), str(rows["data_sha"].iloc[0])
    title = f"{name} ({network[:6]}, {data[:6]})" if ambiguous else name
    return Family(title, network, data, tuple(_member(row) for row in rows.to_dict("records")))


def _member(row: Mapping[Hashable, Any]) -> Member:
    images = row.get("images", math.nan)
    measured = not math.isnan(images)
    spec = ExperimentSpec.from_json(row["spec"])
    gone = row.get("sparsity_prunable", math.nan)
    return Member(
        id=row["id"],
        spec=spec,
        images=int(images) if measured else 0,
        top1=float(row["top1"]) if measured else None,
        sparsity=None if math.isnan(gone) else float(gone),
        own_zeros=float(row["own_zeros"]),
    )
