"""Curves: runs that differ in their rate alone belong to one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache

import pandas as pd

from core.experiment import ExperimentSpec
from core.layer_names import prunable_names
from core.pruning.criteria import CRITERIA
from core.pruning.scopes import SCOPES
from core.pruning.settings import Pruning
from core.pruning.techniques import TECHNIQUES
from core.training.retraining import Retraining, retraining_from
from core.unpruned import control_title, zeros
from core.words import count

CONTROL = "control"  # stands for a technique: nothing is pruned, and retrained like the others


@dataclass(frozen=True)
class Series:
    """What the runs of a curve have in common. Fields that do not matter for the technique are None or empty."""

    technique: str  # or CONTROL
    criterion: str
    scope: str
    form: str | None
    seed: int | None
    layers: str  # in words, empty for the default layers at one rate
    retraining: Retraining | None = None  # without what changes nothing
    own_zeros: float = field(default=0.0, compare=False)  # of its network as it came, which names a control

    @property
    def control(self) -> bool:
        """Whether this is a dense control: one run at rate 0, the level that retrained curves are compared with."""
        return self.technique == CONTROL

    @property
    def parts(self) -> dict[str, str]:
        """What there is to say of it, in words, by field."""
        form = {"published": "filters only", None: ""}.get(self.form, self.form or "")
        seed = "" if self.seed is None else f"seed {self.seed}"
        technique = control_title(self.own_zeros) if self.control else TECHNIQUES[self.technique].title
        return {
            "technique": technique,
            "criterion": short(self.criterion),
            "scope": self.scope,
            "form": form,
            "seed": seed,
            "layers": self.layers,
            "retraining": self.retraining.in_words() if self.retraining else "",
        }


def short(criterion: str) -> str:
    """Return a criterion as it stands in a sentence: the norms in capitals."""
    return criterion.upper() if criterion in ("l1", "l2") else criterion


def series_of(spec: ExperimentSpec, own_zeros: float = 0.0) -> Series | None:
    """Return the curve that an experiment lies on; None for the dense network, which is on all of them.

    `own_zeros` is the share of zeros with which its network came: it tells no curves apart.
    """
    if spec.is_dense:
        return None
    how = spec.retraining and retraining_from(spec.retraining.canonical(masks=not spec.is_control))
    pruning = spec.pruning
    if spec.is_control:
        return Series(CONTROL, "", "", None, None, "", how, own_zeros)
    what = pruning.canonical()
    form, seed = what.get("form"), what.get("seed")
    return Series(
        technique=pruning.technique,
        criterion=str(what["criterion"]),
        scope=pruning.ranking,
        form=None if form is None else str(form),
        seed=pruning.seed if seed is not None else None,
        layers=_layers_in_words(pruning),
        retraining=how,
        own_zeros=own_zeros,
    )


def with_series(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame of `runs_frame` with columns `series`, None for dense networks, and `own_zeros`.

    Those are the share of zeros with which the network of a run came, 0 as long as that was not measured.
    """
    found = [_series_of_spec(text) for text in frame["spec"]]
    own = own_zeros(frame)
    named = [one and replace(one, own_zeros=share) for one, share in zip(found, own, strict=True)]
    return frame.assign(series=pd.Series(named, index=frame.index, dtype=object), own_zeros=own)


def own_zeros(frame: pd.DataFrame) -> pd.Series:
    """Return of each row of `runs_frame` the share of zeros with which its network came: that of its dense run."""
    known: dict[str, float] = {}
    for row in frame.to_dict("records"):
        if _series_of_spec(row["spec"]) is None:
            known[row["network_sha"]] = max(zeros(row), known.get(row["network_sha"], 0.0))
    return pd.Series([known.get(sha, 0.0) for sha in frame["network_sha"]], frame.index, dtype=float)


def titles(series: Iterable[Series]) -> dict[Series, str]:
    """Return a name for each curve, in the order of a legend: the technique and whatever else tells them apart."""
    every = sorted(set(series), key=_place)
    varying = [one.name for one in fields(Series) if one.compare and _differs(every, one.name)]
    names = {one: _title(one, varying) for one in every}
    return {one: name + _told_apart(one, name, names) for one, name in names.items()}


def _place(one: Series) -> tuple[object, ...]:
    """Return what sorts curves: techniques, criteria and scopes as they are offered, then by how they were retrained.

    The dense controls come last.
    """
    offered = ((*TECHNIQUES, CONTROL), one.technique), ((*CRITERIA, ""), one.criterion), ((*SCOPES, ""), one.scope)
    retrained = "" if one.retraining is None else repr(one.retraining)
    return (*(names.index(name) for names, name in offered), one.form or "", one.seed or 0, one.layers, retrained)


def _differs(every: list[Series], field: str) -> bool:
    """Whether curves differ in a field that matters to them: None says that it does not, but of retraining."""
    values = {getattr(one, field) for one in every if field in ("technique", "retraining") or not one.control}
    return len(values if field == "retraining" else values - {None}) > 1


def _title(one: Series, varying: list[str]) -> str:
    said = [one.parts[field] for field in varying if field != "technique"]
    return ", ".join([one.parts["technique"], *(words for words in said if words)])


def _told_apart(one: Series, name: str, names: Mapping[Series, str]) -> str:
    """Return what of its retraining tells a curve from those of the same name."""
    others = [other.retraining for other, given in names.items() if given == name and other is not one]
    differing = [one.retraining.differences(other) for other in others if one.retraining and other]
    said = dict.fromkeys(words for each in differing for words in each)
    return "".join(f", {words}" for words in said)


@lru_cache(maxsize=4096)
def _series_of_spec(text: str) -> Series | None:
    return series_of(ExperimentSpec.from_json(text))


def _layers_in_words(pruning: Pruning) -> str:
    kept = set(pruning.layers)
    left_out = [name for name in prunable_names(stem=pruning.stem, fc=pruning.fc) if name not in kept]
    parts = [
        "with conv1-3" if pruning.stem else "",
        "with fc" if pruning.fc else "",
        _left_out(left_out),
        "layer rates" + "".join(f" {name} {rate:g}" for name, rate in pruning.layer_rates)
        if pruning.layer_rates
        else "",
    ]
    return ", ".join(part for part in parts if part)


def _left_out(names: list[str]) -> str:
    if not names:
        return ""
    return "without " + (" ".join(names) if len(names) <= 3 else count(len(names), "layer"))
