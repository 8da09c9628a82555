"""The published study's networks, averaged by its rule and over live units."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.options import Json
from core.cli.output import show
from core.words import percent

Table = Annotated[
    Path,
    typer.Option(
        help="CSV or Parquet, a row a unit: network, layer_kind (conv, bn, fc), mis_confidence (the MIS), mis (the "
        "hard score), pruned, saturated"
    ),
]


def study(table: Table, as_json: Json = False) -> None:
    """Print the mean scores of the networks in a table of units: by the published rule, and over the live units.

    The published rule counts constant units, whose scores are near 1 since their images are neighbours in the files.
    """
    from core.study.mis import live_units, network_means, published_units, read_units

    units = read_units(table)
    means = network_means(published_units(units))
    live = network_means(live_units(units)).reindex(means.index).add_suffix("_live").fillna({"units_live": 0})
    for values in means.join(live).astype({"units_live": int}).reset_index().to_dict("records"):
        row = {str(name): value for name, value in values.items()}
        show(row, as_json, _line(row))


def _line(row: dict[str, Any]) -> str:
    counted = f"{row['units_live']:,} of {row['units']:,} units live"
    published = f"published rule: hard {percent(row['hard'])}, MIS {row['mis']:.4f}"
    if not row["units_live"]:
        return f"{row['network']}  {published}  {counted}"
    return (
        f"{row['network']}  {published}  live: hard {percent(row['hard_live'])}, MIS {row['mis_live']:.4f}  {counted}"
    )
