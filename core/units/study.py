"""What is asked about the units of networks: over which images, and how their interpretability is scored. No torch.

The score is the Machine Interpretability Score (Zimmermann, Klindt & Brendel 2024, "Measuring Mechanistic
Interpretability at Scale Without Humans", arXiv 2410.14057). A similarity of images takes the part of the human who
has seen K images that activate a unit strongly and K that activate it weakly, and is to tell which of two more images
belongs to which.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import InvalidSettingError
from core.units.places import PLACES
from core.words import count

IMAGES, MOST_IMAGES = 2000, 1_000_000
EXPLANATIONS, TASKS, ALPHA, QUANTILE = 9, 20, 0.16, 0.1
MOST_KEPT = 300  # extreme images a unit and side: more would take more memory than promised
SHA_DIGITS = 6  # of an encoder's weights, in the name of its score
DRAWINGS: dict[str, str] = {
    "bins": "the N (K + 1) most extreme images, sorted and cut in K + 1 bins: one of each bin a task, the query from "
    "the most extreme bin",
    "quantile": "K + 1 images at random from the most extreme quantile, the query the least extreme of them",
}

_ROUNDING = 1e-9  # of a product that is a whole number but for its last bits
IDENTITY_VERSION = 1  # raised when the same study comes to have another answer


@dataclass(frozen=True)
class Encoding:
    """Which encoder says how similar two images are. Its name is a part of the score's name everywhere."""

    name: str = "googlenet"
    file: str = ""  # of an encoder whose weights the user gives
    sha: str = ""  # SHA-256 of that file, filled in when the study is resolved


@dataclass(frozen=True)
class UnitStudy:
    """Every unit of a network over the first `images` of the common order. Raises InvalidSettingError.

    `explanations` is K of the paper, `tasks` N, `alpha` what differences of similarity are divided by.
    """

    images: int = IMAGES
    at: str = "layers"  # a key of PLACES
    encoding: Encoding = field(default_factory=Encoding)
    explanations: int = EXPLANATIONS
    tasks: int = TASKS
    alpha: float = ALPHA
    drawing: str = "bins"  # a key of DRAWINGS
    quantile: float = QUANTILE
    seed: int = 0

    def __post_init__(self) -> None:
        _check_name("units of", self.at, PLACES)
        _check_name("drawing", self.drawing, DRAWINGS)
        _check_number("explanations (K)", self.explanations, 1, 50)
        _check_number("tasks (N)", self.tasks, 1, 200)
        if not (self.alpha > 0 and math.isfinite(self.alpha)):
            raise InvalidSettingError(f"alpha {self.alpha:g}", "a number above 0", f"{ALPHA} is usual")
        if not 0 < self.quantile <= 0.5:
            raise InvalidSettingError(
                f"quantile {self.quantile:g}", "above 0, at most 0.5", f"{QUANTILE} of the images is usual"
            )
        self._check_images()

    def _check_images(self) -> None:
        if self.images > MOST_IMAGES or self.images < 2 * self.least:
            raise InvalidSettingError(
                f"{count(self.images, 'image')}",
                f"{2 * self.least:,} to {MOST_IMAGES:,}: {self.least:,} most and as many least activating images, none "
                "in both",
                "look at more images, or ask for fewer explanations (K) or tasks (N)",
            )
        if self.keep > MOST_KEPT:
            raise InvalidSettingError(
                f"{self.keep:,} extreme images a unit",
                f"at most {MOST_KEPT:,}",
                "take a smaller quantile, fewer images, or fewer explanations (K) or tasks (N)",
            )

    @property
    def least(self) -> int:
        """How many images a side it takes."""
        if self.drawing == "bins":
            return self.tasks * (self.explanations + 1)
        return math.ceil((self.explanations + 1) / self.quantile / 2)

    @property
    def keep(self) -> int:
        """How many of the most activating images are kept of each unit, and as many of the least."""
        if self.drawing == "bins":
            return self.tasks * (self.explanations + 1)
        return math.floor(self.quantile * self.images + _ROUNDING)

    @property
    def places(self) -> tuple[str, ...]:
        """The layers or blocks whose output channels are the units, in the order of the network."""
        return PLACES[self.at]

    @property
    def score(self) -> str:
        """The name of the score, its encoder with it: "MIS (dreamsim)", "MIS (squeezenet a.safetensors 3f9c01)"."""
        return score_name(self.encoding)

    @property
    def id(self) -> str:
        """16 hex digits that equal studies share, of a study that is resolved."""
        identity = {"version": IDENTITY_VERSION, **self.canonical()}
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def kind(self) -> str:
        """The name under which a run's units and their scores are kept."""
        return f"mis/{self.id}"

    @property
    def yardstick(self) -> str:
        """The name under which, with the dense run, the figures of a network of random weights are kept.

        What it scores owes nothing to what was learnt: no score means anything without it.
        """
        return f"{self.kind}/randomised"

    def canonical(self) -> dict[str, Any]:
        """Return what decides the answer, and nothing else."""
        values = asdict(self)
        values["encoding"] = {name: values["encoding"][name] for name in ("name", "sha")}
        if self.drawing == "bins":
            del values["quantile"]
        return values

    def in_words(self) -> str:
        """Return what is asked: "MIS (googlenet features), 2,000 images, 20 tasks of 9 + 9 images".

        Studies of different ids have different words.
        """
        parts = [
            self.score,
            *([] if self.at == "layers" else [self.at]),
            count(self.images, "image"),
            f"{count(self.tasks, 'task')} of {self.explanations} + {self.explanations} images",
            *([] if self.drawing == "bins" else [f"drawn from the outer {100 * self.quantile:.12g} %"]),
            *([] if self.alpha == ALPHA else [f"alpha {self.alpha:.12g}"]),
            *([f"seed {self.seed}"] if self.seed else []),
        ]
        return ", ".join(parts)


def score_name(encoding: Encoding) -> str:
    """Return the name of the score by an encoder, weights from a file with it: never one label for two encoders."""
    name = "googlenet features" if encoding.name == "googlenet" else encoding.name
    parts = (name, Path(encoding.file).name, encoding.sha[:SHA_DIGITS])
    return f"MIS ({' '.join(part for part in parts if part)})"


def within(study: UnitStudy, available: int) -> UnitStudy:
    """Return the study on the images there are; InvalidSettingError if these are too few."""
    return study if study.images <= available else replace(study, images=available)


def study_to_json(study: UnitStudy) -> str:
    """Return a study as JSON; `study_from_json` takes it back."""
    return json.dumps(asdict(study), sort_keys=True)


def study_from_json(text: str) -> UnitStudy:
    """Return the study that `study_to_json` wrote."""
    values = json.loads(text)
    return UnitStudy(**{**values, "encoding": Encoding(**values["encoding"])})


def _check_name(what: str, value: str, allowed: Any) -> None:
    if value not in allowed:
        raise InvalidSettingError(f"{what} {value!r}", ", ".join(allowed), "choose one of these")


def _check_number(what: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidSettingError(f"{value} {what}", f"{least} to {most}", "choose a number between these")
