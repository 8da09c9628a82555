"""What a user asks for: one network, pruned one way, measured on some data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.errors import InvalidSettingError
from core.pruning.settings import Pruning, pruning_from

PREPROCESSES = ("preset", "crop")
IDENTITY_VERSION = 1  # raised when the same spec comes to mean something else


@dataclass(frozen=True)
class ExperimentSpec:
    """One experiment. `weights` names the file of a network that needs one, `preprocess` how pixels are made.

    `preset` resizes and crops as the network's preset says; `crop` only crops, for images brought to size before.
    Raises InvalidSettingError for a value that is not allowed.
    """

    network: str = "demo"
    weights: str | None = None
    data: str = "scenes"
    preprocess: str = "preset"
    pruning: Pruning = field(default_factory=Pruning)

    def __post_init__(self) -> None:
        if self.preprocess not in PREPROCESSES:
            raise InvalidSettingError(
                f"preprocess {self.preprocess!r}", " or ".join(PREPROCESSES), "use preset for images as they came"
            )

    def dense(self) -> ExperimentSpec:
        """Return the same experiment without pruning."""
        return replace(self, pruning=Pruning())

    def run_id(self, network_sha: str, data_sha: str) -> str:
        """Return the id of this experiment on a network and data of these fingerprints: 16 hex digits."""
        identity = {
            "version": IDENTITY_VERSION,
            "network": network_sha,
            "data": data_sha,
            "pruning": self.pruning.canonical(),
        }
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """Return all settings as JSON; `from_json` takes them back."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> ExperimentSpec:
        """Return the spec that `to_json` wrote."""
        values: dict[str, Any] = json.loads(text)
        return cls(**{**values, "pruning": pruning_from(values["pruning"])})


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


def _key(spec: ExperimentSpec) -> str:
    return json.dumps({**asdict(spec), "pruning": spec.pruning.canonical()}, sort_keys=True)


def in_words(pruning: Pruning) -> str:
    """Return what is pruned how, short enough for a legend: "structured L1 0.10, local"."""
    if pruning.dense:
        return "dense"
    rate = "layer rates" if pruning.layer_rates else f"{pruning.rate:.2f}"
    form = ", filters only" if pruning.canonical().get("form") == "published" else ""
    return f"{pruning.technique} {pruning.criterion.capitalize()} {rate}, {pruning.ranking}{form}"
