"""How von Rad & Seuffert (2024, arXiv 2409.19727) come from scores of units to one of a network, and who counts.

A table of units has one row a unit and the columns `network`, `layer_kind` ("conv", "bn" or "fc"), `mis_confidence`
(the mean probability over the tasks, which is the MIS), `mis` (the share decided rightly, the hard score), `pruned`
(a filter whose weights are all zero) and `saturated` (0.9999 or more: the activations of constant units tie, their
images are then neighbours in the files, and only such units come to so much; the activations were not published).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from core.errors import BrokenDataError, MissingFileError

COLUMNS = ("network", "layer_kind", "mis_confidence", "mis", "pruned", "saturated")
SCORED = ("conv", "fc")  # a batch norm's units are those of its convolution once more


def read_units(file: Path) -> pd.DataFrame:
    """Return a table of units from a CSV or Parquet file; MissingFileError, BrokenDataError."""
    if not file.is_file():
        raise MissingFileError(f"there is no file {file}", "a table of units, .csv or .parquet", "name another file")
    try:
        table = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
    except (OSError, ValueError) as error:  # what both readers raise derives from these
        raise _unreadable(f"{file} cannot be read as a table ({str(error).splitlines()[0]})") from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise _unreadable(f"{file} has no column {', '.join(missing)}")
    wrong = [name for name in COLUMNS[2:] if not pd.api.types.is_numeric_dtype(table[name])]
    wrong += [name for name in COLUMNS[4:] if name not in wrong and not pd.api.types.is_bool_dtype(table[name])]
    if wrong:
        raise _unreadable(f"{file} has other values than it should in {', '.join(wrong)}")
    return table


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


def _unreadable(given: str) -> BrokenDataError:
    return BrokenDataError(
        given,
        "a row a unit: network, layer_kind, the scores mis_confidence and mis, and pruned and saturated, true or false",
        "name another file",
    )
