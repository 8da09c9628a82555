"""Pruning identified exemplars: the images of which pruned networks, as a population, say something else.

Hooker et al. 2019, "What do compressed deep neural networks forget?" (arXiv 1911.05248), section 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import InvalidSettingError
from core.evaluation.accuracy import same_images
from core.evaluation.disagreement import ranked
from core.predictions import Predictions

NO_MODE = -1


def modal_labels(population: Sequence[Predictions]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the class that most networks take each image for (n,), and how many do (n,).

    The class is `NO_MODE` where two or more classes are named most often: which of them came first would be chance.
    Of one network it is what that network says. Raises InvalidSettingError for a population of none.
    """
    if not population:
        raise InvalidSettingError("a population of no networks", "one or more", "choose more runs")
    said = np.stack([one["classes"][:, 0] for one in same_images(*population)]).astype(np.int64)
    votes = np.stack([(said == one).sum(0) for one in said])  # (networks, n): how many say what this one says
    most = votes.max(0)
    leading = votes == most
    lowest, highest = (
        extreme(said, axis=0, where=leading, initial=start)
        for extreme, start in ((np.min, np.iinfo(np.int64).max), (np.max, -1))
    )
    return np.where(lowest == highest, lowest, NO_MODE), most


def modes(pruned: Sequence[Predictions], dense: Predictions) -> pd.DataFrame:
    """Return one row an image that all have seen: what the population of pruned networks says of it, beside dense.

    `image`, `label`, `dense`, `dense_probability`, `pruned` (the population's modal label), `votes` (how many say so)
    and `loss_change` (the population's mean less dense, nats). The dense population is the one network that there is:
    its modal label is its own. Raises InvalidSettingError for fewer than two pruned networks: these are no population.
    """
    if len(pruned) < 2:
        raise InvalidSettingError(
            f"a population of {len(pruned)}", "two or more pruned networks", "choose more runs, or call it disagreement"
        )
    dense, *population = same_images(dense, *pruned)
    label, votes = modal_labels(population)
    loss = np.mean([one["loss"] for one in population], axis=0, dtype=np.float64)
    return pd.DataFrame(
        {
            "image": dense["image"].astype(np.int64),
            "label": dense["label"].astype(np.int64),
            "dense": dense["classes"][:, 0].astype(np.int64),
            "dense_probability": dense["probabilities"][:, 0],
            "pruned": label,
            "votes": votes,
            "loss_change": loss - dense["loss"],
        }
    )


def exemplars(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `modes` that are PIEs, the largest rise of the mean loss first.

    PIEs are the images whose modal labels differ between the pruned and the dense population. An image without a
    modal label is none: the population does not agree on anything else.
    """
    found = (table["pruned"] != NO_MODE) & (table["pruned"] != table["dense"])
    return ranked(table[found])
