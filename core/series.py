"""Curves: runs that differ in their rate alone belong to one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache

import pandas as pd

from core.experiment import ExperimentSpec
from core.layer_names import prunable_names
from core.pruning.criteria import CRITERIA
from core.pruning.scopes import SCOPES
from core.pruning.settings import Pruning
from core.pruning.techniques import TECHNIQUES
from core.words import count


@dataclass(frozen=True)
class Series:
    """What the runs of a curve have in common. Fields that do not matter for the technique are None."""

    technique: str
    criterion: str
    scope: str
    form: str | None
    seed: int | None
    layers: str  # in words, empty for the default layers at one rate

    @property
    def parts(self) -> dict[str, str]:
        """What there is to say of it, in words, by field."""
        form = {"published": "filters only", None: ""}.get(self.form, self.form or "")
        seed = "" if self.seed is None else f"seed {self.seed}"
        technique = TECHNIQUES[self.technique].title
        return {
            "technique": technique,
            "criterion": short(self.criterion),
            "scope": self.scope,
            "form": form,
            "seed": seed,
            "layers": self.layers,
        }


def short(criterion: str) -> str:
    """Return a criterion as it stands in a sentence: the norms in capitals."""
    return criterion.upper() if criterion in ("l1", "l2") else criterion


def series_of(pruning: Pruning) -> Series | None:
    """Return the curve that a pruning lies on; None for the dense network, which is on all of them."""
    if pruning.dense:
        return None
    what = pruning.canonical()
    form, seed = what.get("form"), what.get("seed")
    return Series(
        technique=pruning.technique,
        criterion=str(what["criterion"]),
        scope=pruning.ranking,
        form=None if form is None else str(form),
        seed=pruning.seed if seed is not None else None,
        layers=_layers_in_words(pruning),
    )


def with_series(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame of `runs_frame` with a column `series`, None for dense networks."""
    found = pd.Series([_series_of_spec(text) for text in frame["spec"]], index=frame.index, dtype=object)
    return frame.assign(series=found)


def titles(series: Iterable[Series]) -> dict[Series, str]:
    """Return a name for each curve, in the order of a legend: the technique and whatever else tells them apart."""
    every = sorted(set(series), key=_place)
    varying = [field for field in asdict(every[0]) if _differs(every, field)] if every else []
    return {one: _title(one, varying) for one in every}


def _place(one: Series) -> tuple[object, ...]:
    """Return what sorts curves: techniques, criteria and scopes in the order in which they are offered."""
    offered = (TECHNIQUES, one.technique), (CRITERIA, one.criterion), (SCOPES, one.scope)
    return (*(list(names).index(name) for names, name in offered), one.form or "", one.seed or 0, one.layers)


def _differs(every: list[Series], field: str) -> bool:
    """Whether curves differ in a field that matters to them: None says that it does not."""
    return len({getattr(one, field) for one in every} - {None}) > 1


def _title(one: Series, varying: list[str]) -> str:
    said = [one.parts[field] for field in varying if field != "technique"]
    return ", ".join([one.parts["technique"], *(words for words in said if words)])


@lru_cache(maxsize=4096)
def _series_of_spec(text: str) -> Series | None:
    return series_of(ExperimentSpec.from_json(text).pruning)


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
