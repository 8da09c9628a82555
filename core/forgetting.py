"""What a network forgot, as tables for the eye: names for numbers, shares in per cent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.evaluation.accuracy import changed
from core.evaluation.exemplars import NO_MODE

PRUNED, DENSE = "pruned", "dense"
BY_LOSS, BY_CLASS, BY_CONFIDENCE = "Change of loss", "Class", "Dense confidence"
ORDERS: dict[str, str] = {
    BY_LOSS: "whose loss changed most",
    BY_CLASS: "by true class, within it whose loss changed most",
    BY_CONFIDENCE: "of which the dense network was surest",
}


def class_table(classes: pd.DataFrame, who: str = PRUNED, base: str = DENSE) -> pd.DataFrame:
    """Return the rows of `per_class` with shares in per cent and changes in points.

    `who` and `base`, here and below, are what the pruned network is called, and the one beside it.
    """
    shares = {
        f"{base} %": "dense",
        f"{who} %": "pruned",
        "change": "change",
        "low": "change_low",
        "high": "change_high",
    }
    return pd.DataFrame(
        {
            "class": classes["name"],
            "images": classes["images"],
            **{title: 100 * classes[column] for title, column in shares.items()},
            "McNemar p": classes["mcnemar_p"],
            "adjusted p": classes["adjusted_p"],
            "changed": changed(classes),
        }
    )


def confusion_table(shifts: pd.DataFrame, who: str = PRUNED, base: str = DENSE) -> pd.DataFrame:
    """Return the rows of `confusion_shifts` without indices."""
    names = {"true_name": "true class", "predicted_name": "taken for", "images": "images of the true class"}
    columns = ["true_name", "predicted_name", "dense", "pruned", "change", "images"]
    return shifts[columns].rename(columns={**names, "dense": base, "pruned": who})


def reliability_table(dense: pd.DataFrame, pruned: pd.DataFrame, who: str = PRUNED, base: str = DENSE) -> pd.DataFrame:
    """Return the bins of two networks (`reliability`) one below the other, in per cent, without the empty ones."""
    table = pd.concat([dense.assign(network=base), pruned.assign(network=who)], ignore_index=True)
    full = table[table["images"] > 0]
    shares = {
        "confidence above %": "low",
        "up to %": "high",
        "mean confidence %": "confidence",
        "accuracy %": "accuracy",
        "low": "accuracy_low",
        "high": "accuracy_high",
    }
    found = {"network": full["network"], "images": full["images"]}
    return pd.DataFrame(found | {title: 100 * full[column] for title, column in shares.items()})


def image_table(
    images: pd.DataFrame, classes: Sequence[str], ids: Sequence[str], who: str = PRUNED, base: str = DENSE
) -> pd.DataFrame:
    """Return images (`disagreements` or `exemplars`), whose ids are given, with names for classes.

    Of a pair of networks with both confidences in per cent, of a population with how many say so.
    """
    said = {name: [_name(classes, one) for one in images[name]] for name in ("label", "dense", "pruned")}
    table = pd.DataFrame({"image": list(ids), "true class": said["label"], base: said["dense"]})
    table[f"{base} %"] = 100 * images["dense_probability"].to_numpy()
    table[who] = said["pruned"]
    if "votes" in images:
        table["networks"] = images["votes"].to_numpy()
    else:
        table[f"{who} %"] = 100 * images["pruned_probability"].to_numpy()
    return table.assign(**{"change of loss": images["loss_change"].to_numpy()})


def ordered(images: pd.DataFrame, order: str) -> pd.DataFrame:
    """Return ranked images in one of `ORDERS`; where that does not tell, their ranks do."""
    keys = {
        BY_LOSS: np.zeros(len(images)),
        BY_CLASS: images["label"].to_numpy(),
        BY_CONFIDENCE: -images["dense_probability"].to_numpy(),
    }
    return images.iloc[np.argsort(keys[order], kind="stable")].reset_index(drop=True)


def distinct(classes: Sequence[str]) -> list[str]:
    """Return the class names so that no two are the same: those that occur twice, as ImageNet's crane, with index."""
    twice = {name for name, times in Counter(classes).items() if times > 1}
    return [f"{name} ({index})" if name in twice else name for index, name in enumerate(classes)]


def _name(classes: Sequence[str], index: int) -> str:
    return "no mode" if index == NO_MODE else classes[index]
