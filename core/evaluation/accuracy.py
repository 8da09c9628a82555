"""Accuracy with its uncertainty, of one network and of a pair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from core.evaluation.statistics import paired_difference, wilson
from core.predictions import Predictions


def right(predictions: Predictions, k: int = 1) -> np.ndarray:
    """Return for each image whether its label is among the `k` likeliest classes: (n,) bool."""
    found: np.ndarray = (predictions["classes"][:, :k] == predictions["label"][:, None]).any(1)
    return found


def accuracy(predictions: Predictions) -> dict[str, Any]:
    """Return `images`, `top1`, `top5` (shares with Wilson 95 % bounds `_low`, `_high`) and the mean `loss`."""
    figures: dict[str, Any] = {"images": len(predictions)}
    for k in (1, 5):
        correct = int(right(predictions, k).sum())
        bounds = wilson(correct, len(predictions))
        figures |= {f"top{k}": correct / len(predictions), f"top{k}_low": bounds.low, f"top{k}_high": bounds.high}
    return figures | {"loss": float(predictions["loss"].astype(np.float64).mean())}


def half_width(figures: dict[str, Any]) -> float:
    """Return half the width of the top-1 interval."""
    return float(figures["top1_high"] - figures["top1_low"]) / 2


def against_dense(pruned: Predictions, dense: Predictions) -> dict[str, Any]:
    """Return the change of top-1 on the images that both have seen, with its paired 95 % interval and McNemar's p.

    Both are prefixes of one order, so the images are the first min(n, n').
    """
    images = min(len(pruned), len(dense))
    if not images:
        return {}
    change = paired_difference(right(dense[:images]), right(pruned[:images]))
    return {
        "paired_images": images,
        "change": change.value,
        "change_low": change.low,
        "change_high": change.high,
        "mcnemar_p": change.p,
    }


def per_class(pruned: Predictions, dense: Predictions, classes: tuple[str, ...]) -> pd.DataFrame:
    """Return one row a class that occurs: `name`, `images`, `dense`, `pruned` (top-1) and `change`, worst first."""
    images = min(len(pruned), len(dense))
    table = pd.DataFrame(
        {
            "label": dense["label"][:images],
            "dense": right(dense[:images]).astype(float),
            "pruned": right(pruned[:images]).astype(float),
        }
    )
    means = table.groupby("label").mean()
    means.insert(0, "name", [classes[int(label)] for label in means.index])
    means.insert(1, "images", table.groupby("label").size())
    return means.assign(change=means["pruned"] - means["dense"]).sort_values("change").reset_index(drop=True)
