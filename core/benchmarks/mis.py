"""Units scored per second, ours against a plain loop over units, tasks and images, on the same extremes.

Both draw the tasks in bins, judge them and resample them for an interval. What the images and the units are makes no
difference to the speed: embeddings and extremes are random.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from core.benchmarks.evaluate import device_name
from core.benchmarks.timing import Comparison, compare
from core.interpretability.mis.measure import measure_units
from core.interpretability.mis.resampling import ENDS, RESAMPLES
from core.interpretability.units.activity import Activity
from core.networks.googlenet import googlenet
from core.progress import Progress, silent
from core.units.study import UnitStudy

AGAINST = "a plain loop over units and tasks in numpy"
WIDTH = 1024  # of an embedding, as many numbers as GoogLeNet's pooled features
FEW = 200  # units of the plain loop a round


def bench_mis(images: int = 2000, rounds: int = 3, progress: Progress = silent) -> Iterator[Comparison]:
    """Yield one comparison, in units per second: the 8,280 units of GoogLeNet, 20 tasks of 9 + 9 images each."""
    study, rng = UnitStudy(images=images), np.random.default_rng(0)
    activity, embeddings = _extremes(study, rng), _embeddings(images, rng)
    units = sum(activity.widths)

    def ours() -> int:
        return len(measure_units(activity, embeddings, np.arange(images), study, progress).units)

    def plain() -> int:
        return sum(_scored(activity, embeddings, study, unit, rng) for unit in range(min(FEW, units)))

    name, where = f"mis, {units:,} units, {images:,} images", device_name(torch.device("cpu"))
    found = compare(name, ours, plain, against=AGAINST, unit="units/s", device=where, rounds=rounds)
    yield replace(found, name=f"{name}, {units / found.ours:.1f} s for all")


def _embeddings(images: int, rng: np.random.Generator) -> NDArray[np.float32]:
    rows = rng.standard_normal((images, WIDTH), dtype=np.float32)
    scaled: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled


def _extremes(study: UnitStudy, rng: np.random.Generator) -> Activity:
    """Return units of all layers of GoogLeNet that random images activate most and least."""
    module = googlenet()
    widths = tuple(len(module.get_parameter(f"{place}.weight")) for place in study.places)
    units, keep = sum(widths), study.keep
    order = np.stack([rng.choice(study.images, 2 * keep, replace=False) for _ in range(units)]).astype(np.int32)
    values, ones = np.zeros((units, keep), np.float32), np.ones(units, np.float32)
    return Activity(
        places=study.places,
        widths=widths,
        images=study.images,
        top=order[:, :keep],
        bottom=order[:, keep:],
        top_values=values + 1,
        bottom_values=values,
        mean=ones.astype(np.float64),
        variance=ones.astype(np.float64),
        minimum=0 * ones,
        maximum=ones,
        zeros=0 * ones,
        sample=values,
        class_means=rng.random((units, 1000), dtype=np.float32),
    )


def _scored(
    activity: Activity, embeddings: NDArray[np.float32], study: UnitStudy, unit: int, rng: np.random.Generator
) -> int:
    """Score one unit as one writes it down: mean similarities task by task, then the interval."""
    strong, weak = (
        rng.permuted(side[unit].reshape(study.explanations + 1, study.tasks), axis=1)
        for side in (activity.top, activity.bottom)
    )
    sure = np.zeros(study.tasks)
    for task in range(study.tasks):
        explained = [embeddings[strong[1:, task]], embeddings[weak[1:, task]]]
        queries = [embeddings[strong[0, task]], embeddings[weak[0, task]]]
        (pp, pn), (np_, nn) = [[(side @ query).mean() for side in explained] for query in queries]
        sure[task] = 1 / (1 + math.exp(-((pp - pn) - (np_ - nn)) / study.alpha))
    means = rng.choice(sure, (RESAMPLES, study.tasks)).mean(axis=1)
    np.percentile(means, ENDS)
    return 1
