"""How far the score of the same units changed, block by block."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.figures.axes import axis_title
from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS, palette, template
from core.words import count

_ROW = 34  # pixels

Row = Mapping[Hashable, Any]


def changes_by_block(blocks: pd.DataFrame, title: str, technique: str, *, dark: bool = False) -> go.Figure:
    """Return a row a block of `block_changes`, in the order of the network from above.

    A dot at the median change, a thick line over the middle half of the units, a thin one over nine tenths; at the
    right how many units died. `title` names the score with its encoder, `technique` gives the colour.
    """
    rows = blocks.to_dict("records")
    colour = TECHNIQUE_COLOURS.get(technique, DENSE_COLOUR)
    figure = go.Figure(
        [
            _lines(rows, ("low", "high"), colour, 1.5, "nine tenths of the units"),
            _lines(rows, ("lower", "upper"), colour, 6, "the middle half"),
            _medians(rows, colour, palette(dark).background),
        ]
    )
    figure.update_layout(template=template(dark), **_layout(len(rows)))
    figure.update_xaxes(title=axis_title(f"Change of {title}"), zeroline=True, fixedrange=True, nticks=6)
    figure.update_xaxes(zerolinecolor=palette(dark).muted, zerolinewidth=1)
    figure.update_layout(annotations=[_deaths(row, place, palette(dark).muted) for place, row in enumerate(rows)])
    return figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[row["block"].removeprefix("inception") for row in rows],
        range=[len(rows) - 0.4, -0.6],
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )


def _layout(rows: int) -> dict[str, Any]:
    return {
        "height": rows * _ROW + 110,
        "margin": {"l": 48, "r": 84, "t": 36, "b": 56},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom"},
        "hovermode": "closest",
    }


def _lines(rows: Sequence[Row], ends: tuple[str, str], colour: str, width: float, name: str) -> go.Scatter:
    x = [value for row in rows for value in (row[ends[0]], row[ends[1]], None)]
    y = [value for place in range(len(rows)) for value in (place, place, None)]
    line = {"color": colour, "width": width}
    return go.Scatter(x=x, y=y, mode="lines", line=line, name=name, hoverinfo="skip")


def _medians(rows: Sequence[Row], colour: str, ground: str) -> go.Scatter:
    return go.Scatter(
        x=[row["median"] for row in rows],
        y=list(range(len(rows))),
        mode="markers",
        marker={"size": 11, "color": colour, "line": {"color": ground, "width": 2}},
        name="median",
        hovertext=[_hover(row) for row in rows],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _deaths(row: Row, place: int, ink: str) -> dict[str, Any]:
    """Return what stands at the right end of a row."""
    text = f"{row['died']:,} died" if row["died"] else ""
    where = {"x": 1, "xref": "paper", "xanchor": "left", "xshift": 8, "y": place}
    return {**where, "text": text, "showarrow": False, "font": {"size": 12, "color": ink}}


def _hover(row: Row) -> str:
    lines = (
        f"<b>{row['block']}</b>",
        f"median change {row['median']:+.3f}",
        f"the middle half {row['lower']:+.3f} to {row['upper']:+.3f}",
        f"nine tenths {row['low']:+.3f} to {row['high']:+.3f}",
        f"{row['live']:,} live in both of {count(row['units'], 'unit')}, {row['died']:,} died, {row['woke']:,} woke",
    )
    return "<br>".join(lines).replace("-", "−")
