"""The median score of the units of each layer or block in each network: a map."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.figures.sensitivity import layer_label
from core.figures.theme import CIVIDIS, template
from core.figures.unit_scales import score_text
from core.figures.units import Score, network_name
from core.words import count

_ROW = {True: 17, False: 30}  # pixels, of many and of few parts
_MANY = 20


def median_map(
    medians: pd.DataFrame,
    table: pd.DataFrame,
    counts: Mapping[str, Mapping[str, tuple[int, int]]],
    score: Score,
    *,
    dark: bool = False,
) -> go.Figure:
    """Return the medians (a row a part, a column a network of `table`) as a map, in the order of the network.

    `counts` has by run id and part how many units are live and how many there are; a part without a live unit is
    empty.
    """
    rows = table[table["id"].isin(medians.columns)].to_dict("records")
    parts = [str(part) for part in medians.index]
    values = medians[[row["id"] for row in rows]].to_numpy(float).tolist()
    hovers = [
        [_hover(part, row, value, counts, score.title) for row, value in zip(rows, line, strict=True)]
        for part, line in zip(parts, values, strict=True)
    ]
    figure = go.Figure(_cells(values, hovers, score, few=len(parts) <= _MANY))
    figure.update_layout(
        template=template(dark),
        height=len(parts) * _ROW[len(parts) > _MANY] + 84,
        margin={"l": 8, "r": 8, "t": 64, "b": 8},
    )
    _name_axes(figure, [str(row["title"]) for row in rows], parts)
    return figure


def _name_axes(figure: go.Figure, networks: Sequence[str], parts: Sequence[str]) -> None:
    """Write the networks over the map and the parts beside it."""
    quiet = {"showgrid": False, "fixedrange": True, "zeroline": False}
    figure.update_xaxes(
        side="top",
        tickvals=list(range(len(networks))),
        ticktext=[name.replace(", ", "<br>") for name in networks],
        range=[-0.5, len(networks) - 0.5],
        **quiet,
    )
    figure.update_yaxes(
        tickvals=list(range(len(parts))),
        ticktext=[layer_label(part) for part in parts],
        tickfont={"size": 11 if len(parts) > _MANY else 13},
        range=[len(parts) - 0.5, -0.5],
        automargin=True,
        **quiet,
    )


def _cells(values: list[list[float]], hovers: list[list[str]], score: Score, *, few: bool) -> go.Heatmap:
    drawn = [[None if math.isnan(value) else float(score.scale.place(value)) for value in line] for line in values]
    axis, known = score.scale.axis(score.title), [value for line in drawn for value in line if value is not None]
    return go.Heatmap(
        z=drawn,
        zmin=min(known, default=0.0),
        zmax=max(known, default=1.0),
        colorscale=[[place / (len(CIVIDIS) - 1), colour] for place, colour in enumerate(CIVIDIS)],
        colorbar=_colour_bar(axis),
        text=[["" if math.isnan(value) else f"{value:.3f}" for value in line] for line in values] if few else None,
        texttemplate="%{text}" if few else None,
        hovertext=hovers,
        hovertemplate="%{hovertext}<extra></extra>",
        xgap=1,
        ygap=1,
    )


def _colour_bar(axis: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": {"text": f"median {axis['title']['text']}", "side": "right"},
        "tickvals": axis["tickvals"],
        "ticktext": axis["ticktext"],
        "thickness": 12,
        "outlinewidth": 0,
    }


def _hover(
    part: str,
    row: Mapping[Any, Any],
    median: float,
    counts: Mapping[str, Mapping[str, tuple[int, int]]],
    title: str,
) -> str:
    live, units = counts[row["id"]].get(part, (0, 0))
    middle = f"median {title} {score_text(median)}" if live else "no unit is live"
    return f"<b>{part}</b><br>{network_name(row)}<br>{middle}<br>{live:,} live of {count(units, 'unit')}"
