"""What work will cost before it is begun, and how much of what was begun is left."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import pandas as pd

from core.experiment import ExperimentSpec, Extent, with_dense_first
from core.jobs.devices import devices
from core.jobs.executor import is_enough
from core.jobs.subject import Subject
from core.layer_names import LAYERS
from core.store.queue import OPEN, QUEUED, RUNNING, Job
from core.surveys import YARDSTICKS, Survey
from core.training.retraining import Retraining
from core.visualisation import Visualisation

# images/s of GoogLeNet at 224 px, channels last and batch norm folded, as measured on two cores. For a GPU nothing is
# assumed: its rate depends on the model by more than an order of magnitude.
MEASURED_AT_224 = {"cpu": 34.0}
TRAINED_AT_224 = {"cpu": 9.0}  # the same, forward and backward with the step of the optimiser
VISUALISED_AT_128 = {"cpu": 0.075}  # seconds a step through the whole network
_MARGIN = 24  # pixels that the transforms of a picture add to its side
_UNFOLDED = 0.88  # of the rate of evaluation, on two cores: 30 of 34 images/s at 224 px
_TRAINING_SHARE = 0.27  # of the rate of evaluation: what training comes to where only that was measured


@dataclass(frozen=True)
class Speed:
    """How fast networks are evaluated, and whether that was measured on this machine."""

    images_per_second: float
    measured_here: bool


@dataclass(frozen=True)
class Estimate:
    """The cost of running experiments. `seconds` is an upper bound where a precision may stop them early."""

    new: int  # networks to be evaluated, or further than before; the dense one counts too
    open: int  # networks that are queued or running already
    known: int  # networks whose figures are exact enough already
    images: int  # evaluations to be done, over all networks; re-calibrating batch norm is as much work as evaluating
    speed: Speed | None  # None: nothing is known of this device
    trained: int = 0  # images to be trained on, an image once in each epoch, over all networks
    training_speed: Speed | None = None

    @property
    def seconds(self) -> float | None:
        """How long it takes if nothing else is in the queue; None if nothing is known of that."""
        parts = [(self.images, self.speed), (self.trained, self.training_speed)]
        if any(images and not speed for images, speed in parts):
            return None
        return sum(images / speed.images_per_second for images, speed in parts if speed)


def estimate(
    known: pd.DataFrame,
    specs: Iterable[ExperimentSpec],
    subject: Subject,
    extent: Extent,
    pools: Mapping[str, int] | None = None,
) -> Estimate:
    """Return what the specs (and their dense network) would cost on `subject`, given its runs that are `known`.

    `known` is `runs_frame` of this network and these images; while those are not packed, nothing can be known.
    `pools` says of each identity of training images in the specs (`data_sha`) how many they are.
    """
    total, sha = len(subject.source), subject.fingerprint() or ""
    figures, speed = _figures(known), expected_speed(known, subject.preset.crop)
    runs = [
        (figures.get(spec.run_id(subject.network.sha256, sha), {}), spec.retraining) for spec in with_dense_first(specs)
    ]
    wanting = [(run, how) for run, how in runs if not ("images" in run and is_enough(run, extent, total))]
    new = [(run, how) for run, how in wanting if run.get("state") not in OPEN]
    pools, retrained = pools or {}, [(run, how) for run, how in new if how]
    trained = [(_left_to_train(run, how, pools[how.data_sha]), how.size**2) for run, how in retrained]
    return Estimate(
        new=len(new),
        open=len(wanting) - len(new),
        known=len(runs) - len(wanting),
        images=sum(extent.most(total) - int(run.get("images", 0)) for run, _ in new)
        + sum(_left_to_recalibrate(run, how, pools[how.data_sha]) for run, how in retrained),
        speed=speed,
        trained=sum(images for images, _ in trained),
        training_speed=expected_training_speed(known, subject.preset.crop, speed, _mean(trained)),
    )


def _left_to_train(run: Mapping[str, Any], how: Retraining, images: int) -> int:
    """Return on how many images a run is still to be trained, each counted once an epoch."""
    done = 0 if _is_elsewhere(run) else int(run.get("epochs", 0))
    return 0 if _is_made(run) else max(0, how.steps * how.epochs - done) * images


def _left_to_recalibrate(run: Mapping[str, Any], how: Retraining, images: int) -> int:
    """Return on how many images a run's batch norm is still to be re-calibrated."""
    return images if (how.recalibrate or not how.trains) and not _is_made(run) else 0


def _is_made(run: Mapping[str, Any]) -> bool:
    """Whether the network of a retrained run is there already."""
    return "images" in run and not _is_elsewhere(run)


def _is_elsewhere(run: Mapping[str, Any]) -> bool:
    """Whether the weights of a run are elsewhere: those of a shipped one are made anew."""
    return bool(run.get("shipped"))


def _mean(weighted: Sequence[tuple[int, float]]) -> float:
    """Return the mean of values by their weights, 1 if there is nothing to weigh."""
    weights = sum(weight for weight, _ in weighted)
    return sum(weight * value for weight, value in weighted) / weights if weights else 1.0


def expected_speed(known: pd.DataFrame, pixels: int) -> Speed | None:
    """Return the median rate of the runs made here; if there are none, a default for images of `pixels` a side."""
    rates = _made_here(known, "images_per_second")
    if len(rates):
        return Speed(float(rates.median()), measured_here=True)
    default = MEASURED_AT_224.get(devices()[0])
    return Speed(default * (224 / pixels) ** 2, measured_here=False) if default else None


def _made_here(known: pd.DataFrame, column: str) -> pd.Series:
    """Return what is known of a column for the runs that were made on this machine."""
    own = known[~known["shipped"].astype(bool)] if column in known else known.iloc[:0]
    return own[column].dropna() if len(own) else pd.Series(dtype=float)


def expected_training_speed(
    known: pd.DataFrame, pixels: int, evaluation: Speed | None, area: float = 1.0
) -> Speed | None:
    """Return the median rate of the trainings made here; if there are none, a guess, from that of evaluation if known.

    `pixels` a side is what a network is evaluated on, `area` the share of these pixels that it is trained on.
    """
    rates = _made_here(known, "training_images_per_second")
    if len(rates):
        return Speed(float(rates.median()), measured_here=True)
    if evaluation and evaluation.measured_here:
        return Speed(_TRAINING_SHARE * evaluation.images_per_second / area, measured_here=False)
    default = TRAINED_AT_224.get(devices()[0])
    return Speed(default * (224 / pixels) ** 2 / area, measured_here=False) if default else None


def survey_seconds(survey: Survey, networks: int, images: int, images_per_second: float) -> float:
    """Return about how long a survey of so many networks takes where so many images are evaluated a second.

    A backward pass counts as two forward passes. The dense network and the yardsticks are included.
    """
    cost = survey.question.entry.cost(survey.question.settings)
    passes = 1 + cost.forward + 2 * cost.backward + survey.measures.passes
    return (networks + len(YARDSTICKS) + 1) * images * passes / images_per_second


def units_seconds(images: int, networks: int, images_per_second: float) -> float:
    """Return about how long it takes to study the units of so many networks, where so many images go a second.

    Each takes a pass, in which batch norm is not folded, and the encoder one more.
    """
    return (networks + 1) * images / (_UNFOLDED * images_per_second)


def visualisation_seconds(visualisation: Visualisation, known: Iterable[tuple[Visualisation, float]]) -> float | None:
    """Return about how long a unit takes in one network, by others that were visualised; None: nothing is known.

    `known` has what was visualised and the seconds that it took.
    """
    rates = [seconds / _visualising(one) for one, seconds in known]
    rate = median(rates) if rates else VISUALISED_AT_128.get(devices()[0])
    return None if rate is None else rate * _visualising(visualisation)


def _visualising(visualisation: Visualisation) -> float:
    """Return what a visualisation costs, in steps at 128 px through the whole network."""
    order = [place for place in LAYERS if place.startswith(visualisation.place)]
    depth = (LAYERS.index(order[-1]) + 1) / len(LAYERS)
    area = ((visualisation.size + _MARGIN) / (128 + _MARGIN)) ** 2
    return visualisation.steps * visualisation.diversity * area * (0.25 + 0.75 * depth)


@dataclass(frozen=True)
class Outlook:
    """The open jobs of a queue taken together."""

    running: Job | None
    waiting: int
    images_per_second: float | None
    seconds_left: float | None  # None while nothing is known of the speed


def outlook(jobs: Sequence[Job], trained: Collection[str] = ()) -> Outlook:
    """Return how the open ones among `jobs` stand; `trained` are the ids of those that train a network first.

    How long these take is not said while others wait: the speed of training says nothing of that of evaluation.
    """
    running = next((job for job in jobs if job.state == RUNNING), None)
    waiting = [job for job in jobs if job.state == QUEUED]
    speed = running.speed if running else None
    left = [_images_left(job, running) for job in (*([running] if running else []), *waiting)]
    if waiting and any(job.id in trained for job in (running, *waiting) if job):
        left = [math.nan]
    seconds = sum(left) / speed if speed and not any(map(math.isnan, left)) else None
    return Outlook(running, len(waiting), speed, seconds)


def _images_left(job: Job, running: Job | None) -> float:
    """Return how many images a job still has to evaluate; a queued one as many as it asks for, or as the running.

    NaN where that is not known, and for a job of another kind than the running one, whose speed says nothing of it.
    """
    if job.total:
        return job.total - job.done
    if running and job.kind != running.kind:
        return math.nan
    asked = job.request.get("images")
    if asked and "specs" in job.request:  # a survey: the dense network and the yardsticks come on top
        return float(asked * (len(job.request["specs"]) + len(YARDSTICKS) + 1))
    return float(asked) if asked else float(running.total) if running and running.total else math.nan


def _figures(known: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return by run id what is known of each run, and no key for what is not."""
    columns = [
        name for name in ("id", "state", "shipped", "images", "top1_low", "top1_high", "epochs") if name in known
    ]
    rows = known[columns].to_dict("records")
    return {row["id"]: {str(key): value for key, value in row.items() if pd.notna(value)} for row in rows}
