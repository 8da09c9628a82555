"""How a pruned network is retrained, as a value that checks itself. Knows no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import isfinite

from core.errors import InvalidSettingError
from core.pruning.schedule import SPACINGS
from core.pruning.settings import DECIMALS

NONE = "none"
OPTIMISERS: dict[str, str] = {
    "sgd": "stochastic gradient descent with momentum",
    "nesterov": "SGD with Nesterov's momentum",
    "adam": "Adam (Kingma & Ba 2015)",
    "adamw": "Adam with decoupled weight decay (Loshchilov & Hutter 2019)",
    NONE: "nothing is trained: batch norm is re-calibrated",
}
SCHEDULES: dict[str, str] = {
    "constant": "the same learning rate throughout",
    "exponential": "times `decay` after each epoch (the study's: 0.9)",
    "cosine": "down to zero in half a cosine (Loshchilov & Hutter 2017)",
    "one-cycle": "up to the learning rate for three tenths of the steps, then down to zero (Smith 2018)",
}
PRECISIONS: dict[str, str] = {
    "float32": "full precision throughout",
    "mixed": "forward and backward in half precision, weights in full: for a GPU",
}


@dataclass(frozen=True)
class Retraining:
    """How to retrain; the defaults are the preset `quick`.

    In each of `steps` steps (1: one-shot) the network is pruned further, by `spacing`, and trained for `epochs`
    epochs on at most `images` images of `data` ("" the training part that belongs to the evaluated data). With
    `epochs` 0 nothing is trained: only the statistics of batch norm are taken anew. `decay` concerns the exponential
    schedule. `warm_up` is a number of epochs, `rewind` begins the learning rate's schedule anew at each step.
    `crop` is the least share of an image's area that a random crop shows (1: no crops), `size` how large the network is
    shown it, as a share of the pixels a side at which it is evaluated: a crop enlarges what it shows, which
    less than 1 makes up for, and is quicker (Touvron et al. 2019). `distillation` is the weight of the dense network's
    softened answers in the loss. `patience` is how many epochs without a better loss on the held-out images end a
    step (None: all epochs). `recalibrate` takes batch norm's statistics anew at the end. `held` keeps removed
    weights at zero; False is the study's procedure for connection sparsity, whose zeros grow back. `data_sha`, the
    identity of the training images, is filled in when the images are looked up. Raises InvalidSettingError.
    """

    data: str = ""
    data_sha: str = ""
    images: int | None = 2400
    epochs: int = 2
    steps: int = 1
    spacing: str = "linear"
    optimiser: str = "sgd"
    learning_rate: float = 0.005
    schedule: str = "one-cycle"
    decay: float = 0.9
    warm_up: float = 0.0
    rewind: bool = True
    momentum: float = 0.9
    weight_decay: float = 1e-4
    smoothing: float = 0.0
    batch: int = 64
    accumulate: int = 1
    crop: float = 0.35
    flip: bool = True
    size: float = 0.75
    precision: str = "float32"
    distillation: float = 0.0
    temperature: float = 4.0
    patience: int | None = None
    recalibrate: bool = False
    held: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        _check_kinds(self)
        _choice("optimiser", self.optimiser, OPTIMISERS)
        _choice("learning rate schedule", self.schedule, SCHEDULES)
        _choice("spacing", self.spacing, SPACINGS)
        _choice("precision", self.precision, PRECISIONS)
        for check in _NUMBERS:
            check.of(self)
        for name in _FLOATS:
            object.__setattr__(self, name, round(float(getattr(self, name)), DECIMALS))
        if self.epochs and self.optimiser == NONE:
            raise InvalidSettingError(
                f"{self.epochs} epochs without an optimiser",
                f"one of {', '.join(list(OPTIMISERS)[:-1])}, or 0 epochs",
                "choose an optimiser, or 0 epochs to re-calibrate batch norm only",
            )
        if not self.epochs and self.optimiser != NONE:
            raise InvalidSettingError(
                f"0 epochs with the optimiser {self.optimiser}",
                f"1 epoch or more, or the optimiser {NONE}",
                f"choose more epochs, or the optimiser {NONE} to re-calibrate batch norm only",
            )
        if not self.epochs and self.steps > 1:
            raise InvalidSettingError(
                f"{self.steps} steps of 0 epochs",
                "one step",
                "prune once and re-calibrate, or choose epochs",
            )

    @property
    def trains(self) -> bool:
        """Whether weights change; else batch norm is re-calibrated only."""
        return self.epochs > 0

    def canonical(self, *, masks: bool = True) -> dict[str, object]:
        """Return what matters, and only that, as JSON values: equal procedures give equal dictionaries.

        Without `masks` (the network stays dense) neither does how they grow and whether they are held. The values
        are settings again, but for the name and the number of the images, of which their identity is kept.
        """
        dropped = {
            "data",
            "images",
            *(_idle(self) if self.trains else _IDLE_WITHOUT_TRAINING),
            *(() if masks else _OF_MASKS),
        }
        values = {name: value for name, value in asdict(self).items() if name not in dropped}
        return values if self.trains else {**values, "optimiser": NONE}

    def differences(self, other: Retraining) -> list[str]:
        """Return in words which settings of this one another has otherwise: "learning rate 0.05"."""
        theirs, ours = other.canonical(), self.canonical()
        return [_told(name, value) for name, value in ours.items() if name in theirs and value != theirs[name]]

    def in_words(self) -> str:
        """Return it short enough for a legend: "retrained 2 epochs by SGD"."""
        if not self.trains:
            return "re-calibrated"
        how = (
            f"retrained {self.steps} x {self.epochs} epochs" if self.steps > 1 else f"retrained {_epochs(self.epochs)}"
        )
        return f"{how} by {_NAMES[self.optimiser]}" + ("" if self.held else ", masks not held")


def retraining_from(settings: Mapping[str, object]) -> Retraining:
    """Return the retraining of stored settings; InvalidSettingError names an unknown one."""
    for name in settings:
        _choice("retraining setting", name, {field.name: "" for field in fields(Retraining)})
    return Retraining(**settings)  # type: ignore[arg-type]  # Retraining checks what it is given


_NAMES = {"sgd": "SGD", "nesterov": "Nesterov", "adam": "Adam", "adamw": "AdamW"}
_IDLE_WITHOUT_TRAINING = {field.name for field in fields(Retraining)} - {
    "data_sha", "epochs", "batch", "seed",
}  # fmt: skip
_OF_MASKS = {"spacing", "held"}


def _idle(retraining: Retraining) -> set[str]:
    """Return the settings that change nothing beside the others."""
    idle = {
        "spacing": retraining.steps == 1,
        "rewind": retraining.steps == 1,
        "decay": retraining.schedule != "exponential",
        "momentum": retraining.optimiser not in ("sgd", "nesterov"),
        "temperature": not retraining.distillation,
    }
    return {name for name, without in idle.items() if without}


def _told(name: str, value: object) -> str:
    """Return a setting in words: "learning rate 0.05", "no flip", "images 1f3a5c7e"."""
    words = {"data_sha": "images"}.get(name, name.replace("_", " "))
    if isinstance(value, bool):
        return words if value else f"no {words}"
    return f"{words} {str(value)[:8]}"


def _epochs(number: int) -> str:
    return f"{number} epoch{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class _Number:
    """What a setting that is a number may be."""

    field: str
    words: str
    low: float
    high: float
    allowed: str
    whole: bool = False
    optional: bool = False

    def of(self, retraining: Retraining) -> None:
        """Refuse the setting's value if it is not allowed."""
        value = getattr(retraining, self.field)
        if value is None and self.optional:
            return
        number = isinstance(value, int if self.whole else (int, float)) and not isinstance(value, bool)
        if not number or not isfinite(value) or not self.low <= value <= self.high:
            raise InvalidSettingError(f"{self.words} {value}", self.allowed, "choose such a number")


_NUMBERS = (
    _Number("images", "training images", 1, 1e9, "1 or more, or all", whole=True, optional=True),
    _Number("epochs", "epochs", 0, 10_000, "0 (re-calibrate only) to 10,000", whole=True),
    _Number("steps", "steps", 1, 100, "1 (one-shot) to 100", whole=True),
    _Number("learning_rate", "learning rate", 1e-9, 10, "above 0, at most 10"),
    _Number("decay", "decay", 1e-6, 1, "above 0, at most 1"),
    _Number("warm_up", "warm-up", 0, 10_000, "0 or more epochs"),
    _Number("momentum", "momentum", 0, 0.9999, "from 0 to below 1"),
    _Number("weight_decay", "weight decay", 0, 1, "from 0 to 1"),
    _Number("smoothing", "label smoothing", 0, 0.99, "from 0 to below 1"),
    _Number("batch", "batch", 1, 65_536, "1 to 65,536 images", whole=True),
    _Number("accumulate", "accumulation", 1, 1024, "1 to 1,024 batches a step", whole=True),
    _Number("crop", "least crop", 0.01, 1, "0.01 to 1 (no crops)"),
    _Number("size", "training size", 0.25, 2, "a share of the evaluated size from 0.25 to 2"),
    _Number("distillation", "distillation", 0, 1, "from 0 (none) to 1 (the dense network's answers alone)"),
    _Number("temperature", "temperature", 0.1, 100, "0.1 to 100"),
    _Number("patience", "patience", 1, 10_000, "1 or more epochs, or none", whole=True, optional=True),
    _Number("seed", "seed", 0, 2**31 - 1, "a whole number from 0", whole=True),
)


_FLOATS = tuple(field.name for field in fields(Retraining) if field.type == "float")


def _check_kinds(retraining: Retraining) -> None:
    """Refuse a text or a yes-or-no setting that is something else: 0 or "no" would pass for one of them silently."""
    for field in fields(Retraining):
        value, kind = getattr(retraining, field.name), {"bool": bool, "str": str}.get(str(field.type))
        if kind and not isinstance(value, kind):
            allowed = "true or false" if kind is bool else "a text"
            raise InvalidSettingError(f"{field.name.replace('_', ' ')} {value!r}", allowed, f"choose {allowed}")


def _choice(what: str, given: str, allowed: Mapping[str, str] | Mapping[str, object]) -> None:
    if given not in allowed:
        raise InvalidSettingError(f"{what} {given!r}", ", ".join(allowed), "choose one of these")
