"""Score every unit of a network, and what the scores come to for its layers, its blocks and the whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.errors import BrokenDataError
from core.interpretability.mis.judge import certainty, differences, right, similarities
from core.interpretability.mis.resampling import RESAMPLES, interval, resampled_means
from core.interpretability.mis.tasks import NEGATIVE, POSITIVE, draw, generator
from core.interpretability.units.activity import Activity
from core.progress import Progress, silent
from core.units.places import block_of
from core.units.results import FAVOURED, SHOWN, UNIT, Units
from core.units.study import UnitStudy, study_to_json

AT_ONCE = 64  # units: what is held in memory does not depend on how many there are, nor on how many images

Embeddings = NDArray[np.float32]  # (n, d), rows of unit length
Places = NDArray[np.integer[Any]]  # (n,) of the images in the pack


@dataclass(frozen=True, eq=False)
class Measured:
    """The units of a network with their scores, and the network's figures, as `core.units.results` describes both."""

    units: Units
    figures: dict[str, Any]


def measure_units(
    activity: Activity, embeddings: Embeddings, places: Places, study: UnitStudy, progress: Progress = silent
) -> Measured:
    """Return the scores of all units; a constant one has none, and counts in no mean.

    `embeddings` are those of the images at `places` of the pack: all images that the activity names.
    `progress` hears of each batch of units and may raise to cancel. BrokenDataError if an image has no embedding.
    """
    units = _described(activity)
    live = np.flatnonzero(~units["constant"])
    means = np.zeros((len(live), RESAMPLES), np.float32)
    sides = {
        POSITIVE: rows_of(activity.top[live], places),
        NEGATIVE: rows_of(activity.bottom[live], places),
    }
    known = torch.from_numpy(np.ascontiguousarray(embeddings, np.float32))
    for part in _parts(len(live)):
        progress(part.start, len(live), "scoring units")
        named = [(activity.places[row["place"]], int(row["unit"])) for row in units[live[part]]]
        drawn = [torch.from_numpy(draw(study, named, side, rows[part])) for side, rows in sides.items()]
        decided = differences(similarities(known, *drawn))
        sure = certainty(decided, study.alpha).numpy()
        means[part] = [
            resampled_means(values, generator(study, *name, "bootstrap"))
            for values, name in zip(sure, named, strict=True)
        ]
        _fill(units, live[part], sure, right(decided).numpy(), means[part])
    progress(len(live), len(live), "scoring units")
    return Measured(units, _figures(units, live, means, study))


def rows_of(wanted: NDArray[Any], places: Places) -> NDArray[np.int64]:
    """Return the rows in which the images at `wanted` places (any shape) are embedded; BrokenDataError if one is not.

    `places` (n,) are the images of the rows.
    """
    rows = np.full(max(int(places.max(initial=0)), int(wanted.max(initial=0))) + 1, -1, np.int64)
    rows[places] = np.arange(len(places))
    found: NDArray[np.int64] = rows[wanted]
    if (found < 0).any():
        raise BrokenDataError(
            f"{len(np.unique(wanted[found < 0])):,} images that activate units have no embedding",
            "embeddings of the very images that the units were looked at with",
            "embed these images, or look at the units anew",
        )
    return found


def _parts(total: int) -> Iterator[slice]:
    return (slice(start, min(start + AT_ONCE, total)) for start in range(0, total, AT_ONCE))


def _described(activity: Activity) -> Units:
    """Return a row a unit with what the activity says of it, its scores still unknown."""
    units = np.zeros(sum(activity.widths), UNIT)
    units["place"], units["unit"], units["constant"] = activity.place_of, activity.channel_of, activity.constant
    for name in ("mis", "mis_low", "mis_high", "hard"):
        units[name] = np.nan
    for name in ("mean", "minimum", "maximum", "zeros"):
        units[name] = getattr(activity, name)
    units["deviation"] = np.sqrt(activity.variance)
    units["top"], units["bottom"] = _first(activity.top), _first(activity.bottom)
    units["classes"] = _favoured(activity)
    return units


def _first(extremes: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the images that are shown of each unit, (units, SHOWN); -1 where fewer are kept."""
    shown = np.full((len(extremes), SHOWN), -1, np.int32)
    shown[:, : extremes.shape[1]] = extremes[:, :SHOWN]
    return shown


def _favoured(activity: Activity) -> NDArray[np.int16]:
    """Return the classes with the highest mean activation; none of a constant unit, which favours none."""
    means = np.where(activity.constant[:, None], np.nan, activity.class_means)
    order = np.argsort(-means, axis=1, kind="stable")[:, :FAVOURED]  # NaN come last
    classes = np.full((len(means), FAVOURED), -1, np.int16)
    classes[:, : order.shape[1]] = np.where(np.isnan(np.take_along_axis(means, order, axis=1)), -1, order)
    return classes


def _fill(
    units: Units, which: NDArray[np.int64], sure: NDArray[Any], correct: NDArray[Any], means: NDArray[Any]
) -> None:
    """Write the scores of units: `sure` and `correct` (u, N) of their tasks, `means` (u, resamples)."""
    scores = sure.mean(axis=1)
    units["mis"][which], units["hard"][which] = scores, correct.mean(axis=1)
    units["mis_low"][which], units["mis_high"][which] = interval(means, scores)


def _figures(units: Units, live: NDArray[np.int64], means: NDArray[np.float32], study: UnitStudy) -> dict[str, Any]:
    """Return what the scores come to; `means` are the resampled ones of the `live` units."""
    layers = np.asarray(study.places)[units["place"]]
    blocks = np.asarray([block_of(place) for place in study.places])[units["place"]]
    return {
        "study": study_to_json(study),
        "images": study.images,
        **_summary(units, live, means, np.ones(len(units), bool)),
        "layers": {name: _summary(units, live, means, layers == name) for name in dict.fromkeys(layers.tolist())},
        "blocks": {name: _summary(units, live, means, blocks == name) for name in dict.fromkeys(blocks.tolist())},
    }


def _summary(
    units: Units, live: NDArray[np.int64], means: NDArray[np.float32], chosen: NDArray[np.bool_]
) -> dict[str, Any]:
    """Return the figures of the chosen units; None for the scores where none of them is live."""
    among = chosen[live]
    scores = units[live[among]]
    counts = {"units": int(chosen.sum()), "live": len(scores), "constant": int(chosen.sum()) - len(scores)}
    if not len(scores):
        return {**counts, **dict.fromkeys(("mis", "mis_low", "mis_high", "median", "hard"))}
    mis = scores["mis"].astype(np.float64)
    low, high = interval(means[among].mean(axis=0, dtype=np.float64), mis.mean())
    values = {"mis": mis.mean(), "mis_low": low, "mis_high": high, "median": np.median(mis)}
    return {**counts, **{name: float(value) for name, value in values.items()}, "hard": float(scores["hard"].mean())}
