"""Accuracy with its uncertainty, of one network and of a pair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from core.evaluation.statistics import Difference, Pairs, difference, paired_difference, wilson
from core.predictions import Predictions, Present

FALSE_DISCOVERIES = 0.05  # the share of false ones that is put up with among the classes said to have changed

_COLUMNS = ("label", "name", "images", "dense", "pruned", "change", "change_low", "change_high", "mcnemar_p")


def same_images(*predictions: Predictions) -> tuple[Predictions, ...]:
    """Return what is said of the images that all have seen: all are prefixes of one order."""
    images = min(len(one) for one in predictions)
    return tuple(one[:images] for one in predictions)


def right(predictions: Predictions, k: int = 1) -> np.ndarray:
    """Return for each image whether its label is among the `k` likeliest classes: (n,) bool."""
    found: np.ndarray = (predictions["classes"][:, :k] == predictions["label"][:, None]).any(1)
    return found


def accuracy(predictions: Predictions) -> dict[str, Any]:
    """Return `images`, `top1`, `top5` (shares with Wilson 95 % bounds `_low`, `_high`) and the mean `loss`."""
    shares = _share("top1", right(predictions, 1)) | _share("top5", right(predictions, 5))
    figures: dict[str, Any] = {"images": len(predictions), **shares}
    return figures | {"loss": float(predictions["loss"].astype(np.float64).mean())}


def accuracy_present(present: Present, predictions: Predictions, classes: int) -> dict[str, Any]:
    """Return `top1_present`, its Wilson 95 % bounds, and of how many `classes` it is the likeliest that counts.

    It is top-1 where only the classes that have images could be said, as if the network knew no other. Nothing where
    that was not noted of each image.
    """
    if len(present) < len(predictions):
        return {}
    known = present["class"][: len(predictions)] == predictions["label"]
    return _share("top1_present", known) | {"classes_present": classes}


def classes_present(labels: NDArray[np.int64], classes: int) -> NDArray[np.int64] | None:
    """Return the classes that have images, ascending; None if all that the network tells apart have."""
    found = np.unique(labels)
    return None if len(found) == classes else found


def _share(name: str, known: np.ndarray) -> dict[str, float]:
    correct = int(known.sum())
    bounds = wilson(correct, len(known))
    return {name: correct / len(known), f"{name}_low": bounds.low, f"{name}_high": bounds.high}


def half_width(figures: dict[str, Any]) -> float:
    """Return half the width of the top-1 interval."""
    return float(figures["top1_high"] - figures["top1_low"]) / 2


def against_dense(pruned: Predictions, dense: Predictions) -> dict[str, Any]:
    """Return the change of top-1 on the images that both have seen, with its paired 95 % interval and McNemar's p."""
    pruned, dense = same_images(pruned, dense)
    if not len(dense):
        return {}
    return {"paired_images": len(dense), **_figures(paired_difference(right(dense), right(pruned)))}


def per_class(pruned: Predictions, dense: Predictions, classes: tuple[str, ...]) -> pd.DataFrame:
    """Return one row a class that occurs on the images that both have seen, the largest loss of top-1 first.

    `label`, `name`, `images`, `dense`, `pruned` (top-1), `change` with its paired 95 % interval `change_low`,
    `change_high`, `mcnemar_p` of the exact test, and `adjusted_p`: p for as many tests as there are classes, by
    Benjamini & Hochberg 1995 (J. R. Stat. Soc. B 57:289). Of the classes whose `adjusted_p` is at most q, a share of
    at most q is expected not to have changed.
    """
    pruned, dense = same_images(pruned, dense)
    counts = _pairs_by_class(dense["label"], right(dense), right(pruned))
    rows = [_class_row(label, classes[label], table) for label, table in enumerate(counts) if table.total]
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    table["adjusted_p"] = stats.false_discovery_control(table["mcnemar_p"].to_numpy(float), method="bh")
    return table.sort_values("change", kind="stable", ignore_index=True)


def changed(classes: pd.DataFrame) -> pd.Series:
    """Return which rows of `per_class` tell of a change at a false discovery rate of `FALSE_DISCOVERIES`."""
    return classes["adjusted_p"] <= FALSE_DISCOVERIES


def _pairs_by_class(labels: np.ndarray, dense: np.ndarray, pruned: np.ndarray) -> list[Pairs]:
    """Return the `pairs` of each class, up to the last that occurs."""
    cells = (dense & pruned, dense & ~pruned, ~dense & pruned, ~dense & ~pruned)
    counts = zip(*(np.bincount(labels, cell).astype(int).tolist() for cell in cells), strict=True)
    return [Pairs(*one) for one in counts]


def _class_row(label: int, name: str, table: Pairs) -> dict[str, Any]:
    shares = {"dense": table.both + table.only_dense, "pruned": table.both + table.only_pruned}
    return {
        "label": label,
        "name": name,
        "images": table.total,
        **{who: known / table.total for who, known in shares.items()},
        **_figures(difference(table)),
    }


def _figures(change: Difference) -> dict[str, float]:
    return {"change": change.value, "change_low": change.low, "change_high": change.high, "mcnemar_p": change.p}
