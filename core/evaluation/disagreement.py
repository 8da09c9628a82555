"""The images on which a pruned network and its dense network part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.evaluation.accuracy import right
from core.predictions import Predictions


def lost(pruned: Predictions, dense: Predictions) -> NDArray[np.int64]:
    """Return the images (k,) that the dense network knows and the pruned one does not, by their places in the pack.

    Those whose loss rose most come first. Both are prefixes of one order; images that only one has seen do not count.
    """
    images = min(len(pruned), len(dense))
    pruned, dense = pruned[:images], dense[:images]
    gone = np.flatnonzero(right(dense) & ~right(pruned))
    rise = (pruned["loss"] - dense["loss"])[gone]
    return pruned["image"][gone[np.argsort(-rise, kind="stable")]].astype(np.int64)
