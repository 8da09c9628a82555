"""The images of which a pruned network and its dense network say different things."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import InvalidSettingError
from core.evaluation.accuracy import right, same_images
from core.predictions import Predictions


@dataclass(frozen=True)
class Kind:
    """A way to disagree. `sign` is 1 where the largest rise of the loss comes first, -1 for the largest fall."""

    title: str
    meaning: str
    sign: int = 1


KINDS: dict[str, Kind] = {
    "lost": Kind("Lost", "the dense network is right, the other one is wrong; the largest rise of the loss first"),
    "gained": Kind(
        "Gained", "the other network is right, the dense one is wrong; the largest fall of the loss first", -1
    ),
    "differently": Kind(
        "Wrong in another way", "both are wrong, each in its own way; the largest rise of the loss first"
    ),
}


def side_by_side(pruned: Predictions, dense: Predictions) -> pd.DataFrame:
    """Return one row an image that both have seen, in their order: what each says of it, and how they disagree.

    `image` (its place in the pack), `label`, `dense` and `pruned` (the likeliest class), `dense_probability`,
    `pruned_probability` (of that class), `loss_change` (pruned less dense, nats) and `kind`, a key of `KINDS` or ""
    where both say the same.
    """
    pruned, dense = same_images(pruned, dense)
    table = pd.DataFrame({name: dense[name].astype(np.int64) for name in ("image", "label")})
    for who, said in (("dense", dense), ("pruned", pruned)):
        table[who] = said["classes"][:, 0].astype(np.int64)
        table[f"{who}_probability"] = said["probabilities"][:, 0]
    table["loss_change"] = pruned["loss"].astype(np.float64) - dense["loss"]
    same = pruned["classes"][:, 0] == dense["classes"][:, 0]
    kind = np.select([same, right(dense), right(pruned)], ["", "lost", "gained"], default="differently")
    return table.assign(kind=kind)


def disagreements(pruned: Predictions, dense: Predictions, kind: str) -> pd.DataFrame:
    """Return the rows of `side_by_side` of one of `KINDS`, ranked by how much the loss changed.

    Raises InvalidSettingError for a kind that there is not.
    """
    if kind not in KINDS:
        raise InvalidSettingError(f"kind {kind!r} of disagreement", ", ".join(KINDS), "choose one of these")
    table = side_by_side(pruned, dense)
    return ranked(table[table["kind"] == kind], KINDS[kind].sign)


def ranked(table: pd.DataFrame, sign: int = 1) -> pd.DataFrame:
    """Return the rows with the largest rise of the loss first, or (sign -1) the largest fall."""
    order = np.argsort(-sign * table["loss_change"].to_numpy(), kind="stable")
    return table.iloc[order].reset_index(drop=True)
