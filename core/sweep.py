"""Many experiments at once: every combination of what is listed, on one network and one set of images."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from core.errors import InvalidSettingError
from core.experiment import ExperimentSpec, Extent, with_controls
from core.pruning.criteria import CRITERIA
from core.pruning.scopes import SCOPES
from core.pruning.settings import FORMS, Pruning
from core.pruning.techniques import TECHNIQUES
from core.series import short
from core.training.presets import PRESETS
from core.training.retraining import Retraining
from core.words import count, listed

_RANGE = re.compile(r"([\d.]+)\s*(?:\.\.|to)\s*([\d.]+)\s*(?:by|/)\s*([\d.]+)")
MOST_RATES = 200


@dataclass(frozen=True)
class Sweep:
    """Each technique by each criterion, scope and (where it removes filters) form, at each of its rates.

    `rates` pairs a technique with its rates; one that is not there takes its defaults. `base` holds what all share:
    the seed and the layers. All of it is retrained in each of the `retrainings` (None: not at all), and with
    `controls` the dense network too. Raises InvalidSettingError.
    """

    network: str = "demo"
    weights: str | None = None
    data: str = "scenes"
    preprocess: str = "preset"
    techniques: tuple[str, ...] = tuple(TECHNIQUES)
    criteria: tuple[str, ...] = ("l1",)
    scopes: tuple[str, ...] = ("local",)
    forms: tuple[str, ...] = ("clean",)
    rates: tuple[tuple[str, tuple[float, ...]], ...] = ()
    base: Pruning = field(default_factory=Pruning)
    retrainings: tuple[Retraining | None, ...] = (None,)
    controls: bool = True

    def __post_init__(self) -> None:
        _at_least_one("technique", self.techniques, TECHNIQUES)
        _at_least_one("criterion", self.criteria, CRITERIA)
        _at_least_one("scope", self.scopes, SCOPES)
        if "structured" in self.techniques:
            _at_least_one("form", self.forms, FORMS)
        if not self.retrainings:
            raise InvalidSettingError(
                "no retraining is chosen", f"none, {', '.join(PRESETS)} or your own", "choose none to prune only"
            )

    @property
    def dense(self) -> ExperimentSpec:
        """The experiment without pruning."""
        return ExperimentSpec(self.network, self.weights, self.data, self.preprocess)

    def rates_of(self, technique: str) -> tuple[float, ...]:
        """Return the rates of a technique."""
        return dict(self.rates).get(technique, TECHNIQUES[technique].rates)

    def specs(self) -> list[ExperimentSpec]:
        """Return the experiments; two of them may be the same one said differently."""
        prunings = [one for name in self.techniques for one in self._prunings(name)]
        specs = [replace(self.dense, pruning=one, retraining=how) for how, one in product(self.retrainings, prunings)]
        return with_controls(specs) if self.controls else specs

    def _prunings(self, technique: str) -> list[Pruning]:
        forms = self.forms if TECHNIQUES[technique].removes_outputs else ("clean",)
        return [
            replace(self.base, technique=technique, criterion=criterion, scope=scope, form=form, rate=rate)
            for criterion, scope, form, rate in product(self.criteria, self.scopes, forms, self.rates_of(technique))
        ]

    def in_words(self, network: str, images: str) -> str:
        """Return one line that says what is set: "GoogLeNet demo, 1,000 scenes, structured by L1, local, 8 rates"."""
        what = f"{listed(self.techniques)} by {listed([short(name) for name in self.criteria])}"
        forms = "filters only" if self.forms == ("published",) and "structured" in self.techniques else ""
        layers = "layer rates" if self.base.layer_rates else ""
        parts = (network, images, what, listed(self.scopes), forms, layers, self._rates_in_words(), self._retrained())
        return ", ".join(part for part in parts if part)

    def _retrained(self) -> str:
        """Return how the networks are retrained, where they are: "as pruned and retrained 2 epochs by SGD"."""
        ways = [way for way in self.retrainings if way]
        if not ways:
            return ""
        said = listed([*([] if len(ways) == len(self.retrainings) else ["as pruned"]), *(w.in_words() for w in ways)])
        return said + (", with the dense control" if self.controls else ", without a dense control")

    def _rates_in_words(self) -> str:
        numbers = [len(set(self.rates_of(name))) for name in self.techniques]
        if len(set(numbers)) == 1:
            return count(numbers[0], "rate") + (" each" if len(numbers) > 1 else "")
        return f"{min(numbers)} {'or' if max(numbers) == min(numbers) + 1 else 'to'} {max(numbers)} rates each"


def images_in_words(title: str, generated: bool, extent: Extent, available: int) -> str:
    """Return how many images of what: "1,000 of 2,000 generated scenes"."""
    what = title.lower() if generated else f"images of {title}"
    if extent.precision is not None:
        return f"{what} until top-1 is known to ±{100 * extent.precision:g} points"
    most = extent.most(available)
    return f"all {available:,} {what}" if most == available else f"{most:,} of {available:,} {what}"


def parse_rates(text: str) -> tuple[float, ...]:
    """Return the rates in a text such as "0.1, 0.2, 0.5" or "0.1..0.9 by 0.1", in rising order, each once.

    Raises InvalidSettingError for what is no number and for no rate at all; Pruning checks the values themselves.
    """
    singles = _RANGE.sub(" ", text)
    found = [rate for match in _RANGE.finditer(text) for rate in _steps(*match.groups())]
    found += [_number(word) for word in re.split(r"[,;\s]+", singles) if word]
    if not found:
        raise _unreadable("no rate")
    return tuple(sorted({round(rate, 9) for rate in found}))


def rates_text(rates: Sequence[float]) -> str:
    """Return the rates as `parse_rates` takes them."""
    return ", ".join(f"{rate:g}" for rate in rates)


def parse_layer_rates(text: str) -> tuple[tuple[str, float], ...]:
    """Return pairs of a layer and its rate from lines such as "inception3a.branch1.conv 0.2"."""
    lines = [re.split(r"[\s:=,]+", line.strip()) for line in text.splitlines() if line.strip()]
    for words in lines:
        if len(words) != 2:
            raise InvalidSettingError(
                f"layer rate {' '.join(words)!r}",
                "a layer and its rate on each line",
                "write inception3a.branch1.conv 0.2",
            )
    return tuple((name, _number(rate)) for name, rate in lines)


def _steps(first: str, last: str, step: str) -> list[float]:
    low, high, width = _number(first), _number(last), _number(step)
    steps = round((high - low) / width) if width else -1
    if not 0 <= steps < MOST_RATES:
        raise _unreadable(f"{first} to {last} by {step}")
    return [low + k * width for k in range(steps + 1) if low + k * width <= high + 1e-9]


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise _unreadable(repr(word)) from None


def _unreadable(what: str) -> InvalidSettingError:
    return InvalidSettingError(
        f"rates: {what}", "numbers from 0 to below 1, or a range", "write 0.1, 0.2, 0.5 or 0.1..0.9 by 0.1"
    )


def _at_least_one(what: str, chosen: Sequence[str], allowed: Iterable[str]) -> None:
    if not chosen:
        raise InvalidSettingError(f"no {what} is chosen", ", ".join(allowed), "choose at least one")
