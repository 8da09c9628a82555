"""The same question asked of many images: for each, what a network's map is worth beside the dense network's.

`ask` has one network answer, an instrument of `INSTRUMENTS` measures the answers image by image, and `figures` sums
them up with intervals. The dense network's maps are the reference; what a network that knows nothing scores, and what
maps of two different images score, are the yardsticks without which no number means anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation.statistics import bootstrap_mean, wilson
from core.interpretability.measures.agreement import AGREEMENT, agreement, cosine
from core.interpretability.measures.faithfulness import FAITHFULNESS
from core.interpretability.measures.localisation import LOCALISATION, area, localisation
from core.interpretability.measures.measure import Masks, Measure, Scores
from core.interpretability.question import Question, target_class
from core.progress import Progress, silent

if TYPE_CHECKING:
    from core.interpretability.inspection import Subject

Pixels = NDArray[np.uint8]  # (n, h, w, 3)
Answers = np.ndarray[Any, np.dtype[np.void]]  # (n,) of `answer_type`
Rows = np.ndarray[Any, np.dtype[np.void]]  # (n,) of an instrument's `rows`

_WHICH = [("image", "<i4"), ("label", "<i2"), ("predicted", "<i2"), ("target", "<i2")]


def answer_type(height: int, width: int) -> np.dtype[Any]:
    """Return the record of one network's answer for one image: its place in the pack, classes, and the map."""
    return np.dtype([*_WHICH, ("map", "<f4", (height, width))])


@dataclass(frozen=True, eq=False)
class Asked:
    """Images at `places` of a pack, their labels, and what the dense network takes them for (None: it is asked)."""

    places: NDArray[np.int64]  # (n,)
    pixels: Pixels
    labels: NDArray[np.int64]  # (n,)
    dense: NDArray[np.integer] | None  # (n,)


def ask(subject: Subject, asked: Asked, question: Question, progress: Progress = silent) -> Answers:
    """Return what a network predicts for the images and how much each pixel counts. Raises as `attribute` does."""
    from core.interpretability.inspection import attributions, probabilities

    answers = np.zeros(len(asked.places), answer_type(*asked.pixels.shape[1:3]))
    answers["image"], answers["label"] = asked.places, asked.labels
    answers["predicted"] = probabilities(subject, asked.pixels).argmax(1)
    dense = answers["predicted"] if asked.dense is None else asked.dense
    answers["target"] = target_class(question.target, answers["label"], dense, answers["predicted"])
    answers["map"] = attributions(subject, asked.pixels, answers["target"].tolist(), question, progress)
    return answers


@dataclass(frozen=True, eq=False)
class Answered:
    """One network's answers about the same images as the dense network's, and where in them the object is."""

    subject: Subject
    pixels: Pixels
    answers: Answers
    dense: Answers
    masks: Masks | None  # (n, h, w); None where the source knows no object


@dataclass(frozen=True)
class Instrument:
    """What is measured on each answer: `compute` returns an array (n,) for each of `measures`."""

    name: str
    title: str
    measures: tuple[str, ...]
    passes: int  # forward passes an image, beside those of the map
    places: bool  # whether it asks where in the image the object is
    compute: Callable[[Answered, Progress], Mapping[str, Scores]]

    @property
    def told(self) -> tuple[str, ...]:
        """What `figures` tells of its rows: the measures, and what follows from them."""
        return (*self.measures, EMPTY.name) if set(AGREEMENT) <= set(self.measures) else self.measures

    @property
    def rows(self) -> np.dtype[Any]:
        """The record of what is measured on one answer."""
        return np.dtype([*_WHICH, *((name, "<f4") for name in self.measures)])

    def measure(self, answered: Answered, progress: Progress = silent) -> Rows:
        """Return a row for each answer; NaN where a measure is not defined."""
        rows = np.zeros(len(answered.answers), self.rows)
        for name, _ in _WHICH:
            rows[name] = answered.answers[name]
        for name, scores in self.compute(answered, progress).items():
            rows[name] = scores
        return rows


def _where_it_looks(answered: Answered, progress: Progress) -> dict[str, Scores]:
    maps, known = answered.answers["map"], answered.masks
    nowhere = np.full(len(maps), np.nan)
    found = agreement(maps, answered.dense["map"])
    if known is None:
        return {**found, **dict.fromkeys((*LOCALISATION, "area"), nowhere)}
    return {**found, **localisation(maps, known), "area": area(known)}


def _what_it_uses(answered: Answered, progress: Progress) -> dict[str, Scores]:
    """Walk along each map; one that is the same everywhere says no order."""
    from core.interpretability.walks import walks

    answers = answered.answers
    curves = walks(answered.subject, answered.pixels, answers["target"].tolist(), answers["map"], _STEPS, progress)
    ranked = np.ptp(answers["map"].reshape(len(answers), -1), axis=1) > 0
    return {name: np.where(ranked, one.compute(curves), np.nan) for name, one in FAITHFULNESS.items()}


_STEPS = 16  # of a curve: over many images its area needs no finer one

INSTRUMENTS: dict[str, Instrument] = {
    instrument.name: instrument
    for instrument in (
        Instrument("agreement", "Where it looks", (*AGREEMENT, *LOCALISATION, "area"), 0, True, _where_it_looks),
        Instrument("faithfulness", "What it uses", tuple(FAITHFULNESS), 2 * (_STEPS + 1), False, _what_it_uses),
    )
}

EMPTY = Measure(
    name="empty",
    title="Empty maps",
    short="Empty maps",
    meaning="The share of the images for which the map (or the dense network's) is the same everywhere, as Grad-CAM's "
    "is where nothing raises the logit.\n"
    "Agreement is the mean over the other images alone: where many maps are empty, it tells of the few that are not.",
    lowest=0.0,
    highest=1.0,
    compute=lambda maps, others: np.isnan(cosine(maps, others)).astype(np.float64),
)
MEASURES: dict[str, Measure] = {**AGREEMENT, EMPTY.name: EMPTY, **LOCALISATION, **FAITHFULNESS}


def instrument_of(measure: str) -> Instrument:
    """Return the instrument whose surveys tell of a measure (a key of `MEASURES`)."""
    return next(one for one in INSTRUMENTS.values() if measure in one.told)


def figures(rows: Rows, dense: Rows) -> dict[str, Any]:
    """Return `images`, `top1`, and of each measure the mean over the images with its 95 % bootstrap interval.

    A measure's mean is over the images for which it is defined, as many as the measure's name with `_images` says;
    `empty` is the share of images without any agreement, with Wilson's interval. The same again, under `kept_` and
    `lost_`, for the images that the dense network knows and this one still knows, or no longer does. `dense` are the
    dense network's rows about the same images. Nothing is NaN: what is not defined for any image is left out.
    """
    right, known = rows["predicted"] == rows["label"], dense["predicted"] == dense["label"]
    found: dict[str, Any] = {"images": len(rows), "top1": float(right.mean())}
    for prefix, chosen in (("", slice(None)), ("kept_", known & right), ("lost_", known & ~right)):
        part = rows[chosen]
        told = {"images": len(part)} | _means(part) | _empty(part)
        found |= {f"{prefix}{name}": value for name, value in told.items()}
    return found


def _means(rows: Rows) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in [name for name in rows.dtype.names or () if name not in dict(_WHICH)]:
        values = rows[name].astype(np.float64)
        defined = values[~np.isnan(values)]
        if len(defined):
            interval = bootstrap_mean(defined)
            bounds = {"": float(defined.mean()), "_low": interval.low, "_high": interval.high}
            found |= {f"{name}{end}": value for end, value in bounds.items() if not np.isnan(value)}
            found[f"{name}_images"] = len(defined)
    return found


def _empty(rows: Rows) -> dict[str, float]:
    if not len(rows) or "cosine" not in (rows.dtype.names or ()):
        return {}
    count = int(np.isnan(rows["cosine"]).sum())
    interval = wilson(count, len(rows))
    return {"empty": count / len(rows), "empty_low": interval.low, "empty_high": interval.high}
