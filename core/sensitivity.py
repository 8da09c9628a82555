"""How much each layer bears when it is pruned alone: what is asked, what was found, and rates chosen by it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from core.errors import InvalidSettingError
from core.evaluation.statistics import Pairs, difference
from core.pruning.settings import Pruning, pruning_from
from core.series import short
from core.store.batches import load
from core.store.database import Store
from core.words import count

IMAGES = 200
TOLERANCE = 0.005  # of top-1, for each layer
PART = 50  # images that are measured on all layers before the next are: the whole map is there early, and sharpens
MOST_IMAGES = 100_000

# A layer alone bears more than all layers at once: these reach further than the rates of a curve.
RATES: dict[str, tuple[float, ...]] = {
    "unstructured": (0.2, 0.4, 0.6, 0.8),
    "structured": (0.1, 0.2, 0.3, 0.5, 0.7),
    "connection": (0.1, 0.2, 0.3, 0.5, 0.7),
}

POINT = np.dtype(
    [
        ("layer", "<i2"),  # its place in Scan.layers
        ("rate", "<i2"),  # its place in Scan.rates
        ("images", "<i4"),
        ("right", "<i4"),  # of the network with this layer pruned
        ("lost", "<i4"),  # the dense network was right, this one is wrong
        ("gained", "<i4"),  # the other way round
    ]
)
Points = np.ndarray[Any, np.dtype[np.void]]  # (n,) of POINT: all layers and rates on the first images, then the next

# The time that one layer's pruning takes to see through, as a share of a whole pass: what lies before the layer is not
# run again. Measured on the demo (two cores, 50 images of 128 pixels); a GPU's shares are larger towards the end.
_SHARES: dict[str, float] = {
    "conv1": 1.0,
    "conv2": 0.9,
    "conv3": 0.88,
    "inception3a": 0.63,
    "inception3b": 0.41,
    "inception4a": 0.33,
    "inception4b": 0.28,
    "inception4c": 0.22,
    "inception4d": 0.17,
    "inception4e": 0.1,
    "inception5a": 0.05,
    "inception5b": 0.02,
    "fc": 0.01,
}


@dataclass(frozen=True)
class Scan:
    """Each prunable layer pruned alone at each rate, on the first `images` of the common order.

    Technique, criterion, form, seed and the layers are those of `base`; its own rates and scope are of no concern.
    No `rates` are the technique's defaults. Raises InvalidSettingError.
    """

    base: Pruning = field(default_factory=Pruning)
    rates: tuple[float, ...] = ()
    images: int = IMAGES

    def __post_init__(self) -> None:
        base = replace(self.base, rate=0.0, scope="local", layer_rates=())
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "rates", _checked(self.rates or RATES[base.technique]))
        if not base.layers:
            raise InvalidSettingError("every layer is excluded", "at least one layer to scan", "exclude fewer layers")
        if not 1 <= self.images <= MOST_IMAGES:
            raise InvalidSettingError(f"{self.images} images", f"1 to {MOST_IMAGES:,}", f"{IMAGES} are the default")

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that are scanned, in the order of the network."""
        return self.base.layers

    @property
    def points(self) -> int:
        """How many networks there are to measure: one a layer and rate."""
        return len(self.layers) * len(self.rates)

    @property
    def id(self) -> str:
        """What tells scans of one network and data apart.

        Those of whole parts are one: more images go on from fewer. The last part of any other is its own.
        """
        asked = self._asked | {"rate": 0.0, "rates": self.rates, "images": self.images if self.images % PART else 0}
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def kind(self) -> str:
        """The name under which points and figures are kept, with the dense run."""
        return f"sensitivity/{self.id}"

    def pruning(self, layer: str, rate: float) -> Pruning:
        """Return what prunes one layer alone."""
        return replace(self.base, layer_rates=((layer, rate),))

    def parts(self, available: int) -> tuple[slice, ...]:
        """Return the parts of the common order that are measured one after another, of so many images at hand."""
        images = min(self.images, available)
        return tuple(slice(start, min(start + PART, images)) for start in range(0, images, PART))

    def passes(self, available: int, done: int = 0) -> float:
        """Return about how many passes through the whole network it takes, `done` points being there already.

        A unit of work that does not depend on the place of a layer, which decides how much of a pass it takes.
        """
        parts = self.parts(available)
        whole, begun = divmod(done, self.points)
        left = sum(_length(part) for part in parts[whole:]) * len(self.rates) * sum(map(share, self.layers))
        first = _length(parts[whole]) if whole < len(parts) else 0
        return left - first * sum(share(self.layers[point // len(self.rates)]) for point in range(begun))

    @property
    def how(self) -> str:
        """How the layers are pruned: "structured by L1"."""
        form = ", filters only" if self._asked.get("form") == "published" else ""
        return f"{self.base.technique} by {short(self.base.criterion)}{form}"

    def in_words(self) -> str:
        """Return what is scanned: "structured by L1, 54 layers, 5 rates"."""
        return f"{self.how}, {count(len(self.layers), 'layer')}, {count(len(self.rates), 'rate')}"

    @property
    def _asked(self) -> dict[str, object]:
        return replace(self.base, rate=self.rates[0]).canonical()


def share(layer: str) -> float:
    """Return about what share of a pass it takes to see through the pruning of one layer."""
    return _SHARES[layer.partition(".")[0]]


def scan_to_json(scan: Scan) -> str:
    """Return a scan as JSON; `scan_from_json` takes it back."""
    return json.dumps(asdict(scan), sort_keys=True)


def scan_from_json(text: str) -> Scan:
    """Return the scan that `scan_to_json` wrote."""
    values = json.loads(text)
    return Scan(pruning_from(values["base"]), tuple(values["rates"]), values["images"])


def known_points(store: Store, dense_id: str, scan: Scan, available: int) -> Points:
    """Return what is known of a scan, at most on so many images as it asks for."""
    return load(store, dense_id, scan.kind, POINT, len(scan.parts(available)) * scan.points)


def sensitivity_table(points: Points, scan: Scan) -> pd.DataFrame:
    """Return one row a layer and rate that were measured, in the order of the network and by rising rate.

    `layer`, `rate`, `images`, `top1`, `dense` (the dense network's top-1 on the same images), `lost`, `gained`
    (images), `change` (top-1 less the dense network's) with its paired 95 % interval `change_low`, `change_high`, and
    `mcnemar_p` of the exact test.
    """
    sums = _sums(points, scan)
    rows = [_row(scan, place, values) for place, values in enumerate(sums.tolist()) if values[0]]
    return pd.DataFrame(rows, columns=["layer", "rate", *_FIGURES])


_FIGURES = ("images", "top1", "dense", "lost", "gained", "change", "change_low", "change_high", "mcnemar_p")


def _sums(points: Points, scan: Scan) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return images, right, lost and gained of each layer and rate, over all parts: (points, 4)."""
    sums = np.zeros((scan.points, 4), np.int64)
    place = points["layer"].astype(np.int64) * len(scan.rates) + points["rate"]
    for column, name in enumerate(("images", "right", "lost", "gained")):
        np.add.at(sums[:, column], place, points[name])
    return sums


def _row(scan: Scan, place: int, sums: Sequence[int]) -> dict[str, Any]:
    images, right, lost, gained = sums
    change = difference(Pairs(right - gained, lost, gained, images - right - lost))
    return {
        "layer": scan.layers[place // len(scan.rates)],
        "rate": scan.rates[place % len(scan.rates)],
        "images": images,
        "top1": right / images,
        "dense": (right + lost - gained) / images,
        "lost": lost,
        "gained": gained,
        "change": change.value,
        "change_low": change.low,
        "change_high": change.high,
        "mcnemar_p": change.p,
    }


def check_tolerance(tolerance: float) -> None:
    """Raise InvalidSettingError unless 0 <= tolerance < 1: a drop of accuracy, as a share."""
    if not 0 <= tolerance < 1:
        raise InvalidSettingError(
            f"a tolerated drop of {100 * tolerance:g} points",
            "0 to below 100 points",
            f"{100 * TOLERANCE:g} points are a start",
        )


def chosen_rates(table: pd.DataFrame, tolerance: float, *, surely: bool = False) -> tuple[tuple[str, float], ...]:
    """Return for each layer of the table the last rate that holds before the first that does not; 0 if none does.

    A rate holds if top-1 drops by at most `tolerance` (a share); `surely`, if the whole interval of the drop does. The
    published study took the first rate that failed. Raises what `check_tolerance` raises.
    """
    check_tolerance(tolerance)
    drop = -table["change_low" if surely else "change"]
    holds = drop <= tolerance + _ROUNDING
    groups = table.assign(holds=holds).groupby("layer", sort=False)
    return tuple((str(layer), _last_that_holds(rows)) for layer, rows in groups)


_ROUNDING = 1e-9


def _last_that_holds(rows: pd.DataFrame) -> float:
    """Return the last rate before the first that fails, the rows being in the order of their rates."""
    held = rows.loc[rows["holds"].cumprod().astype(bool), "rate"]
    return float(held.iloc[-1]) if len(held) else 0.0


def scaled(rates: Sequence[tuple[str, float]], factor: float) -> tuple[tuple[str, float], ...]:
    """Return the rates times a factor, rounded to four decimals: what each layer bears alone, all do not bear together.

    The published study scaled its rates so, to a sparsity. InvalidSettingError unless 0 < factor <= 1.
    """
    if not 0 < factor <= 1:
        raise InvalidSettingError(f"a scale of {factor:g}", "above 0, at most 1", "1 takes the rates as they are")
    return tuple((layer, round(rate * factor, 4)) for layer, rate in rates)


def applied(scan: Scan, rates: Sequence[tuple[str, float]]) -> Pruning:
    """Return what prunes every layer at the rate chosen for it; layers without one stay dense."""
    return replace(scan.base, layer_rates=tuple(rates))


def _checked(rates: Sequence[float]) -> tuple[float, ...]:
    wrong = [rate for rate in rates if not 0 < rate < 1 or math.isnan(rate)]
    if wrong:
        raise InvalidSettingError(
            f"rate {wrong[0]:g} of a scan", "numbers above 0 and below 1", "leave it out: rate 0 is the dense network"
        )
    return tuple(sorted({round(float(rate), 9) for rate in rates}))


def _length(part: slice) -> int:
    return int(part.stop) - int(part.start)
