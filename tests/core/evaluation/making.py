"""Predictions made by hand, for tests of what is computed from them."""

from __future__ import annotations

import numpy as np

from core.predictions import PREDICTION


def predictions(answers, labels=0, losses=0.0, confidences=0.0, images=None):
    """What a network says of images: the likeliest class of each, in the order of evaluation."""
    table = np.zeros(len(answers), PREDICTION)
    table["classes"] = -1
    table["classes"][:, 0], table["probabilities"][:, 0] = answers, confidences
    table["label"], table["loss"] = labels, losses
    table["image"] = np.arange(len(answers)) if images is None else images
    return table
