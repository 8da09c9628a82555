"""What a user asks for: one network, pruned one way, measured on some data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.errors import InvalidSettingError
from core.pruning.settings import Pruning, pruning_from
from core.training.retraining import Retraining, retraining_from
from core.unpruned import control_title, unpruned_title

PREPROCESSES = ("preset", "crop")
IDENTITY_VERSION = 1  # raised when the same spec comes to mean something else


@dataclass(frozen=True)
class ExperimentSpec:
    """One experiment. `weights` names the file of a network that needs one, `preprocess` how pixels are made.

    `preset` resizes and crops as the network's preset says; `crop` only crops, for images brought to size before.
    Retraining without pruning is the dense control. Raises InvalidSettingError for a value that is not allowed.
    """

    network: str = "demo"
    weights: str | None = None
    data: str = "scenes"
    preprocess: str = "preset"
    pruning: Pruning = field(default_factory=Pruning)
    retraining: Retraining | None = None

    def __post_init__(self) -> None:
        if self.preprocess not in PREPROCESSES:
            raise InvalidSettingError(
                f"preprocess {self.preprocess!r}", " or ".join(PREPROCESSES), "use preset for images as they came"
            )

    @property
    def is_dense(self) -> bool:
        """Whether this is the dense network as it came: not pruned, not retrained."""
        return self.pruning.dense and self.retraining is None

    @property
    def is_control(self) -> bool:
        """Whether this is a dense control: the dense network after a retraining."""
        return self.pruning.dense and self.retraining is not None

    def dense(self) -> ExperimentSpec:
        """Return the same experiment without pruning and without retraining."""
        return replace(self, pruning=Pruning(), retraining=None)

    def control(self) -> ExperimentSpec:
        """Return the same experiment without pruning: with the same retraining, the fair baseline."""
        return replace(self, pruning=Pruning())

    def unretrained(self) -> ExperimentSpec:
        """Return the same experiment without retraining."""
        return replace(self, retraining=None)

    def run_id(self, network_sha: str, data_sha: str) -> str:
        """Return the id of this experiment on a network and data of these fingerprints: 16 hex digits.

        What is retrained on has to be looked up first (core.jobs.subject.resolved): its identity is a part of the id.
        """
        identity = {
            "version": IDENTITY_VERSION,
            "network": network_sha,
            "data": data_sha,
            "pruning": self.pruning.canonical(),
        } | self._retrained()
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]

    def _retrained(self) -> dict[str, object]:
        """Return what a retraining adds to the identity; masks and how they grow are nothing to a dense control."""
        if self.retraining is None:
            return {}
        if not self.retraining.data_sha:
            raise ValueError("the training images of a retraining have to be looked up before its run is named")
        return {"retraining": self.retraining.canonical(masks=not self.pruning.dense)}

    def to_json(self) -> str:
        """Return all settings as JSON; `from_json` takes them back."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> ExperimentSpec:
        """Return the spec that `to_json` wrote."""
        values: dict[str, Any] = json.loads(text)
        retraining = values.get("retraining")
        parts = {
            "pruning": pruning_from(values["pruning"]),
            "retraining": None if retraining is None else retraining_from(retraining),
        }
        return cls(**{**values, **parts})


@dataclass(frozen=True)
class Extent:
    """How exact: at most `images` (None: all there are), stopping early once top-1 is known to +- `precision`."""

    images: int | None = None
    precision: float | None = None

    def __post_init__(self) -> None:
        if self.images is not None and self.images < 1:
            raise InvalidSettingError(f"{self.images} images", "1 or more", "leave it out to use all there are")
        if self.precision is not None and not 0 < self.precision < 0.5:
            raise InvalidSettingError(
                f"precision {self.precision}", "between 0 and 0.5", "0.02 stops when top-1 is known to +- 2 points"
            )

    def most(self, available: int) -> int:
        """Return how many images are evaluated at most, of those that there are."""
        return min(self.images or available, available)

    def joined(self, other: Extent) -> Extent:
        """Return the extent that satisfies both."""
        images = None if self.images is None or other.images is None else max(self.images, other.images)
        precise = self.precision is not None and other.precision is not None
        return Extent(images, min(self.precision or 1, other.precision or 1) if precise else None)


def with_dense_first(specs: Iterable[ExperimentSpec]) -> list[ExperimentSpec]:
    """Return the specs without repetition, each network's dense experiment before the first that needs it."""
    ordered: dict[str, ExperimentSpec] = {}
    for spec in specs:
        for one in (spec.dense(), spec):
            ordered.setdefault(_key(one), one)
    return list(ordered.values())


def with_controls(specs: Iterable[ExperimentSpec]) -> list[ExperimentSpec]:
    """Return the specs without repetition, before each that is retrained its dense control."""
    ordered: dict[str, ExperimentSpec] = {}
    for spec in specs:
        for one in (spec.control(), spec) if spec.retraining else (spec,):
            ordered.setdefault(_key(one), one)
    return list(ordered.values())


def _key(spec: ExperimentSpec) -> str:
    retraining = spec.retraining and spec.retraining.canonical(masks=not spec.pruning.dense)
    how = {"pruning": spec.pruning.canonical(), "retraining": retraining}
    return json.dumps({**asdict(spec), **how}, sort_keys=True)


def spec_in_words(spec: ExperimentSpec, own_zeros: float) -> str:
    """Return what was done, short enough for a legend: "structured L1 0.10, local, retrained 2 epochs by SGD".

    `own_zeros` is the share of the network's parameters that are zero as it came, by which it is called dense or not.
    """
    if spec.is_dense:
        return unpruned_title(own_zeros).lower()
    what = control_title(own_zeros).lower() if spec.is_control else in_words(spec.pruning)
    return what if spec.retraining is None else f"{what}, {spec.retraining.in_words()}"


def in_words(pruning: Pruning) -> str:
    """Return what is pruned how, short enough for a legend: "structured L1 0.10, local"."""
    rate = "layer rates" if pruning.layer_rates else f"{pruning.rate:.2f}"
    form = ", filters only" if pruning.canonical().get("form") == "published" else ""
    return f"{pruning.technique} {pruning.criterion.capitalize()} {rate}, {pruning.ranking}{form}"
