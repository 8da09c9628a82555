"""Which classes a network takes for which, and what pruning changes about it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.evaluation.accuracy import same_images
from core.predictions import Predictions


def confusions(predictions: Predictions) -> pd.Series:
    """Return how many images of a class (`label`) are taken for another (`predicted`); pairs that occur only."""
    said = predictions["classes"][:, 0]
    wrong = said != predictions["label"]
    pairs = pd.DataFrame({"label": predictions["label"][wrong], "predicted": said[wrong]})
    return pairs.value_counts()


def confusion_shifts(pruned: Predictions, dense: Predictions, classes: tuple[str, ...]) -> pd.DataFrame:
    """Return the pairs of true and predicted class whose count changed, the largest change first.

    `label`, `predicted` (class indices), `true_name`, `predicted_name`, `dense` and `pruned` (images of the class
    `label` that the network takes for `predicted`), `change`, and `images` (how many of that class both have seen).
    """
    pruned, dense = same_images(pruned, dense)
    counts = {"dense": confusions(dense), "pruned": confusions(pruned)}
    table = pd.DataFrame(counts).fillna(0).astype(int).rename_axis(["label", "predicted"]).reset_index()
    table["change"] = table["pruned"] - table["dense"]
    table["images"] = table["label"].map(pd.Series(dense["label"]).value_counts())
    for column, name in (("label", "true_name"), ("predicted", "predicted_name")):
        table[name] = [classes[index] for index in table[column]]
    moved = table[table["change"] != 0]
    order = np.lexsort((moved["predicted"], moved["label"], -moved["change"], -moved["change"].abs()))
    return moved.iloc[order].reset_index(drop=True)
