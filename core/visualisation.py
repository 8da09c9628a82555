"""Feature visualisation: which picture is asked of a unit, by optimisation from noise. No torch.

A picture is changed step by step so that the unit's activation rises (Olah, Mordvintsev & Schubert 2017, "Feature
Visualization", Distill): it shows what the unit responds to most, be it like no image or like many.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import InvalidSettingError
from core.layer_names import HEAD
from core.units.places import PLACES, unit_name
from core.words import count

STEPS, SIZE = 128, 128
LEAST_STEPS, MOST_STEPS = 4, 2048
LEAST_SIZE, MOST_SIZE = 32, 512
MOST_DIVERSE = 6
MOST_SEED = 2**31 - 1
MOST_UNIT = 10**6  # no layer has so many
FRAMES = 10  # pictures kept on the way, beside the start
OBJECTIVES: Mapping[str, str] = {
    "channel": "the mean of the unit over all positions: its pattern everywhere",
    "neuron": "the unit at the central position: its pattern once",
}
TRANSFORMS: Mapping[str, str] = {
    "usual": "shifted, scaled and rotated a little at random before each step: what is found bears that",
    "none": "as it is: activations come out higher, and the picture is full of fine noise",
}
SIGNS: Mapping[int, str] = {1: "maximised", -1: "minimised"}

IDENTITY_VERSION = 1  # raised when the same visualisation comes to be another picture


@dataclass(frozen=True)
class Visualisation:
    """The picture that drives a unit furthest up (`sign` 1) or down (-1). Raises InvalidSettingError.

    `size` in pixels a side; `diversity` is how many pictures are made at once, each unlike the others.
    """

    place: str  # of `PLACES`
    unit: int
    objective: str = "channel"  # a key of OBJECTIVES
    sign: int = 1
    steps: int = STEPS
    size: int = SIZE
    transforms: str = "usual"  # a key of TRANSFORMS
    diversity: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        _check_place(self.place)
        if not 0 <= self.unit <= MOST_UNIT:
            raise InvalidSettingError(
                f"unit {self.unit:,} of {self.place}", "a channel of it, counted from 0", "choose another unit"
            )
        _check_name("objective", self.objective, OBJECTIVES)
        _check_name("transforms", self.transforms, TRANSFORMS)
        if self.sign not in SIGNS:
            raise InvalidSettingError(f"sign {self.sign}", "1 (maximised) or -1 (minimised)", "choose one of these")
        if self.objective == "neuron" and self.place == HEAD:
            raise InvalidSettingError(
                "the central position of a logit", "channel", "a logit has no positions: choose channel"
            )
        _check_number("steps", self.steps, LEAST_STEPS, MOST_STEPS)
        _check_number("pixels a side", self.size, LEAST_SIZE, MOST_SIZE)
        _check_number("pictures at once", self.diversity, 1, MOST_DIVERSE)
        _check_number("as seed", self.seed, 0, MOST_SEED)

    @property
    def frames(self) -> tuple[int, ...]:
        """After how many steps a picture is kept, the start and the end with them; closer where more changes."""
        places = (round(self.steps * (number / FRAMES) ** 2) for number in range(FRAMES + 1))
        return tuple(dict.fromkeys(places))

    @property
    def id(self) -> str:
        """16 hex digits that equal visualisations share."""
        identity = {"version": IDENTITY_VERSION, **asdict(self)}
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def kind(self) -> str:
        """The name under which it is kept of a run."""
        return f"visualised/{self.id}"

    def to_json(self) -> str:
        """Return it as JSON; `visualisation_from_json` takes it back."""
        return json.dumps(asdict(self), sort_keys=True)

    def in_words(self) -> str:
        """Return it in words: "inception4c.branch1.conv 17 maximised, 128 steps at 128 px"."""
        where = " at the central position" if self.objective == "neuron" else ""
        parts = [
            f"{unit_name(self.place, self.unit)} {SIGNS[self.sign]}{where}",
            f"{count(self.steps, 'step')} at {self.size} px",
            *(["no transforms"] if self.transforms == "none" else []),
            *([f"{self.diversity} diverse pictures"] if self.diversity > 1 else []),
            *([f"seed {self.seed}"] if self.seed else []),
        ]
        return ", ".join(parts)


def visualisation_from_json(text: str) -> Visualisation:
    """Return the visualisation that `to_json` wrote."""
    values: dict[str, Any] = json.loads(text)
    return Visualisation(**values)


def _check_place(place: str) -> None:
    if not any(place in places for places in PLACES.values()):
        raise InvalidSettingError(
            f"units of {place!r}",
            "a convolution (conv1.conv, inception4c.branch1.conv, ...), an inception block (inception4c, ...) or fc",
            "choose one of these",
        )


def _check_name(what: str, value: str, allowed: Mapping[str, str]) -> None:
    if value not in allowed:
        raise InvalidSettingError(f"{what} {value!r}", ", ".join(allowed), "choose one of these")


def _check_number(what: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidSettingError(f"{value:,} {what}", f"{least:,} to {most:,}", "choose a number between these")
