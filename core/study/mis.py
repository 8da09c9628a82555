"""How von Rad & Seuffert (2024, arXiv 2409.19727) come from scores of units to one of a network, and who counts.

A table of units has one row a unit and the columns `network`, `layer_kind` ("conv", "bn" or "fc"), `mis_confidence`
(the mean probability over the tasks, which is the MIS), `mis` (the share decided rightly, the hard score), `pruned`
(a filter whose weights are all zero) and `saturated` (0.9999 or more: the activations of constant units tie, their
images are then neighbours in the files, and only such units come to so much; the activations were not published).
"""

from __future__ import annotations

import pandas as pd

SCORED = ("conv", "fc")  # a batch norm's units are those of its convolution once more


def published_units(units: pd.DataFrame) -> pd.DataFrame:
    """Return the units that the study averages: of convolutions and logits, but for filters that are all zero."""
    return units[units["layer_kind"].isin(SCORED) & ~units["pruned"]]


def live_units(units: pd.DataFrame) -> pd.DataFrame:
    """Return those of them that are not constant, which alone have a score that means something."""
    averaged = published_units(units)
    return averaged[~averaged["saturated"]]


def network_means(units: pd.DataFrame) -> pd.DataFrame:
    """Return for each network, in the order of the table, the unweighted mean over its units.

    Indexed by `network`: `units`, `mis` and `hard`.
    """
    grouped = units.groupby("network", sort=False)
    return grouped.agg(units=("mis", "size"), mis=("mis_confidence", "mean"), hard=("mis", "mean"))
