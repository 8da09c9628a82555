"""What to prune, as a value that checks itself. Knows no torch."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Real

from core.errors import InvalidSettingError
from core.layer_names import HEAD, LAYERS, STEM, prunable_names
from core.pruning.criteria import CRITERIA
from core.pruning.scopes import SCOPES
from core.pruning.techniques import TECHNIQUES

FORMS: dict[str, str] = {
    "clean": "a removed filter takes its batch norm's scale and shift (or its bias) with it: the channel is silent",
    "published": "filters only, as the study did: the batch norm's shift of a removed filter still passes on",
}
DECIMALS = 9  # rates are kept to so many: 0.1 + 0.2 and 0.3 are one experiment


@dataclass(frozen=True)
class Pruning:
    """What to prune; `Pruning()` is the dense network.

    `rate` is absolute: the nominal share of each prunable layer's groups (scope local) or of all of them together
    (global). The prunable layers are the 54 inception convs, with `stem` also conv1-3, with `fc` also the
    classifier, less those in `exclude`. `layer_rates` gives layers rates of their own and the others keep `rate`;
    the ranking is then local. `form` concerns structured pruning and `seed` the random criterion only.
    Raises InvalidSettingError.
    """

    technique: str = "unstructured"
    criterion: str = "l1"
    scope: str = "local"
    rate: float = 0.0
    form: str = "clean"
    seed: int = 0
    stem: bool = False
    fc: bool = False
    exclude: tuple[str, ...] = ()
    layer_rates: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        _check_choice("technique", self.technique, TECHNIQUES)
        _check_choice("criterion", self.criterion, CRITERIA)
        _check_choice("scope", self.scope, SCOPES)
        _check_choice("form", self.form, FORMS)
        _check_seed(self.seed)
        object.__setattr__(self, "rate", _rate(self.rate, "rate"))
        object.__setattr__(self, "exclude", _names(self.exclude))
        object.__setattr__(self, "layer_rates", _layer_rates(self.layer_rates))
        _check_layers(self)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that may be pruned, in the order of the network."""
        return tuple(name for name in prunable_names(stem=self.stem, fc=self.fc) if name not in self.exclude)

    @property
    def rates(self) -> dict[str, float]:
        """The rate of each layer that may be pruned, in the order of the network."""
        own = dict(self.layer_rates)
        return {name: own.get(name, self.rate) for name in self.layers}

    @property
    def ranking(self) -> str:
        """The scope that is in force: rates for single layers leave nothing to rank between layers."""
        return "local" if self.layer_rates else self.scope

    @property
    def dense(self) -> bool:
        """Whether nothing is to be removed."""
        return not any(self.rates.values())

    def canonical(self) -> dict[str, object]:
        """Return what matters, and only that, as JSON values: equal experiments give equal dictionaries.

        They are settings again: `pruning_from(p.canonical())` asks for the same masks as `p`.
        """
        if self.dense:
            return {"rate": 0.0}
        rates = {name: rate for name, rate in self.rates.items() if rate}
        return _what(self) | (_one_rate(self.ranking, rates) if len(set(rates.values())) == 1 else _many_rates(rates))


def pruning_from(settings: Mapping[str, object]) -> Pruning:
    """Return the pruning of stored settings (JSON: lists for tuples); InvalidSettingError names an unknown one."""
    for name in settings:
        _check_choice("pruning setting", name, [field.name for field in fields(Pruning)])
    return Pruning(**settings)  # type: ignore[arg-type]  # Pruning checks what it is given


def _what(pruning: Pruning) -> dict[str, object]:
    """Return what is removed first; l1 and l2 are one criterion where a group is a single weight."""
    technique, criterion = TECHNIQUES[pruning.technique], CRITERIA[pruning.criterion]
    same = criterion.on_single_weights if technique.dim is None else None
    what: dict[str, object] = {"technique": technique.name, "criterion": same or criterion.name}
    if technique.removes_outputs:
        what["form"] = pruning.form
    if criterion.seeded:
        what["seed"] = pruning.seed
    return what


def _one_rate(scope: str, rates: Mapping[str, float]) -> dict[str, object]:
    groups = _groups(rates)
    exclude = [name for name in prunable_names(**groups) if name not in rates]
    rate = next(iter(rates.values()))
    return {"scope": scope, "rate": rate, **groups} | ({"exclude": exclude} if exclude else {})


def _many_rates(rates: Mapping[str, float]) -> dict[str, object]:
    return {**_groups(rates), "layer_rates": [[name, rate] for name, rate in rates.items()]}


def _groups(names: Mapping[str, float]) -> dict[str, bool]:
    """Return which of the layers that stay dense by default are asked for."""
    asked = {"stem": any(name in names for name in STEM), "fc": HEAD in names}
    return {group: True for group, present in asked.items() if present}


def _rate(value: object, what: str) -> float:
    rate = round(float(value), DECIMALS) if isinstance(value, Real) else math.nan
    if 0 <= rate < 1:
        return rate
    raise InvalidSettingError(
        f"{what} {value}", "a number from 0 (nothing is removed) to below 1", "choose the share that is to be removed"
    )


def _layer_rates(pairs: object) -> tuple[tuple[str, float], ...]:
    if not isinstance(pairs, Sequence) or not all(isinstance(pair, Sequence) and len(pair) == 2 for pair in pairs):
        raise InvalidSettingError(f"layer rates {pairs!r}", "pairs of a layer and its rate", "write them as pairs")
    return tuple((str(name), _rate(rate, f"rate of layer {name}:")) for name, rate in pairs)


def _names(names: object) -> tuple[str, ...]:
    if not isinstance(names, Sequence) or isinstance(names, str):
        raise InvalidSettingError(f"excluded layers {names!r}", "a list of layers", "write it as a list")
    return tuple(str(name) for name in names)


def _check_choice(what: str, given: str, allowed: Iterable[str]) -> None:
    choices = list(allowed)
    if given not in choices:
        near = difflib.get_close_matches(str(given), choices, 1)
        mend = f"did you mean {near[0]}?" if near else "choose one of these"
        raise InvalidSettingError(f"{what} {given!r}", _listed(choices), mend)


def _listed(choices: Sequence[str], most: int = 12) -> str:
    return ", ".join(choices[:most]) + (f" and {len(choices) - most} more" if len(choices) > most else "")


def _check_seed(seed: object) -> None:
    if not isinstance(seed, int) or seed < 0:
        raise InvalidSettingError(f"seed {seed!r}", "a whole number from 0", "choose such a number")


def _check_layers(pruning: Pruning) -> None:
    rated = [name for name, _ in pruning.layer_rates]
    for name in (*pruning.exclude, *rated):
        _check_choice("layer", name, LAYERS)
    for name in rated:
        _check_rated(name, rated.count(name), pruning)
    if pruning.rate and not pruning.layers:
        raise InvalidSettingError("every layer is excluded", "a rate of 0, or a layer to prune", "exclude fewer layers")


def _check_rated(name: str, times: int, pruning: Pruning) -> None:
    if times > 1:
        raise InvalidSettingError(f"layer {name} has {times} rates", "one rate a layer", "leave out the others")
    if name not in pruning.layers:
        raise InvalidSettingError(
            f"layer {name} has a rate but is not among the prunable layers",
            "layers that are not excluded; conv1-3 with stem, fc with fc",
            f"include {name}, or give it no rate",
        )
