"""What networks are asked of an image: how much does each pixel count, by which method, for whose logit?"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from core.errors import InvalidSettingError
from core.interpretability.attribution.baselines import BASELINES
from core.interpretability.attribution.method import Method, Value
from core.interpretability.attribution.registry import find_method

Classes = TypeVar("Classes")  # an index, or an array of them

IDENTITY_VERSION = 1  # raised when the same question comes to have another answer


@dataclass(frozen=True)
class Target:
    """Whose logit a map is about."""

    title: str
    meaning: str


TARGETS: dict[str, Target] = {
    "true": Target("true class", "the class that the image is of, for every network"),
    "dense": Target("dense prediction", "what the dense network takes the image for, for every network"),
    "own": Target(
        "own prediction", "what each network itself takes the image for: the maps may be about different classes"
    ),
}
CHOSEN = Target("chosen class", "a class that you name, whatever the image shows, for every network")


_NAMED = re.compile(r"class:(0|[1-9][0-9]{0,5})")  # a class of the network's, by its index


@dataclass(frozen=True)
class Question:
    """One question that every network is asked alike; `parameters` not named have the method's defaults.

    `target` is one of `TARGETS`, or `class:N`, the network's class N; `baseline` None is the method's own. Raises
    InvalidSettingError for a method, target, baseline or parameter that there is not.
    """

    method: str = "gradcam"
    target: str = "true"
    baseline: str | None = None
    seed: int = 0
    parameters: tuple[tuple[str, Value], ...] = ()

    def __post_init__(self) -> None:
        _check_target(self.target)
        if self.baseline is not None:
            _check("baseline", self.baseline, BASELINES)
        self.entry.settings(dict(self.parameters))

    @property
    def entry(self) -> Method:
        """The method's entry."""
        return find_method(self.method)

    @property
    def settings(self) -> dict[str, Value]:
        """All parameters of the method."""
        return self.entry.settings(dict(self.parameters))

    @property
    def start(self) -> str | None:
        """The name of the baseline where the method's path begins; None for a method that has none."""
        return None if self.entry.baseline is None else self.baseline or self.entry.baseline

    def canonical(self) -> dict[str, Any]:
        """Return what decides the answer, and nothing else: equal questions have equal canonical forms."""
        what = {"method": self.method, "target": self.target, "parameters": self.settings}
        if self.start is not None:
            what["baseline"] = self.start
        return what | ({"seed": self.seed} if self._random else {})

    @property
    def _random(self) -> bool:
        return self.entry.random or (self.start is not None and BASELINES[self.start].random)

    @property
    def id(self) -> str:
        """16 hex digits that equal questions share."""
        identity = {"version": IDENTITY_VERSION, **self.canonical()}
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """Return it as JSON; `from_json` takes it back."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Question:
        """Return the question that `to_json` wrote."""
        values: dict[str, Any] = json.loads(text)
        return cls(**{**values, "parameters": tuple((name, value) for name, value in values["parameters"])})

    def in_words(self) -> str:
        """Return it in words: "Integrated Gradients for the true class, steps 50, from black"."""
        settings = [f"{name} {value}" for name, value in self.settings.items()]
        start = [f"from {BASELINES[self.start].title}"] if self.start else []
        seed = [f"seed {self.seed}"] if self._random and self.seed else []
        return ", ".join([f"{self.entry.title} for the {target_title(self.target)}", *settings, *start, *seed])


def target_class(target: str, label: Classes, dense: Classes, own: Classes) -> Classes | int:
    """Return the class that a map is about, of one image or of many: `target` is that of a `Question`.

    `label` is the true class, `dense` and `own` what the dense network and the network itself take the image for.
    """
    _check_target(target)
    named = _NAMED.fullmatch(target)
    return int(named[1]) if named else {"true": label, "dense": dense, "own": own}[target]


def target_of(index: int) -> str:
    """Return the target that is a class of the network's."""
    return f"class:{index}"


def target_title(target: str) -> str:
    """Return the target of a `Question` in words: "dense prediction", "chosen class"."""
    return TARGETS[target].title if target in TARGETS else CHOSEN.title


def _check_target(target: str) -> None:
    if not _NAMED.fullmatch(target):
        _check("target", target, TARGETS, ", or class:N")


def _check(what: str, value: str, allowed: dict[str, Any], more: str = "") -> None:
    if value not in allowed:
        raise InvalidSettingError(f"{what} {value!r}", ", ".join(allowed) + more, "choose one of these")
