"""The record of what a network said of one image."""

from __future__ import annotations

from typing import Any

import numpy as np

KEPT = 5
PREDICTION = np.dtype(
    [
        ("image", "<i4"),  # its place in the packed array
        ("label", "<i2"),
        ("classes", "<i2", (KEPT,)),  # the likeliest classes, best first; -1 where the network has fewer
        ("probabilities", "<f4", (KEPT,)),
        ("loss", "<f4"),  # cross-entropy, nats
    ]
)
PRESENT = np.dtype([("class", "<i2")])  # the likeliest of those classes that the data have images of
Predictions = np.ndarray[Any, np.dtype[np.void]]  # (n,) of PREDICTION, in the order of evaluation
Present = np.ndarray[Any, np.dtype[np.void]]  # (n,) of PRESENT, of the same images
