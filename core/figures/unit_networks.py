"""The mean score of networks against how much was pruned, and against what they can do."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures.axes import axis_title
from core.figures.lines import series_lines, series_marker
from core.figures.theme import DENSE_COLOUR, palette, template
from core.figures.unit_scales import score_text
from core.figures.units import INTERVAL, Score, network_name
from core.series import Series, titles
from core.unpruned import DENSE
from core.words import count, percent

HEIGHT = 360  # pixels
ACROSS = {"rate": "Nominal rate (share asked to be removed)", "top1": "Top-1 accuracy"}

Row = Mapping[Hashable, Any]


def score_against(table: pd.DataFrame, score: Score, *, dark: bool = False) -> go.Figure:
    """Return the mean score of the live units of each network (`network_table`), against rate and against top-1.

    Side by side on one axis upwards, with the intervals of the means; curves join the networks that differ in their
    rate alone. Each point's customdata is its run id.
    """
    figure = make_subplots(1, 2, shared_yaxes=True, horizontal_spacing=0.04)
    series = table["series"].dropna()
    names, lines = titles(series), series_lines(series)
    for column, across in enumerate(ACROSS, start=1):
        dense = _rows(table, None)
        figure.add_trace(_points(dense, None, across, score, _unpruned(dense), column == 1), 1, column)
        for one, name in names.items():
            rows = _rows(table, one)
            figure.add_trace(_points(rows, one, across, score, name, column == 1, lines[one]), 1, column)
    _lay_out(figure, score, dark)
    return figure


def _rows(table: pd.DataFrame, series: Series | None) -> list[dict[Hashable, Any]]:
    mine = [one is None if series is None else one == series for one in table["series"]]
    return table[mine].sort_values("rate").to_dict("records")


def _unpruned(rows: Sequence[Row]) -> str:
    return next((str(row["title"]) for row in rows), DENSE)


def _points(
    rows: Sequence[Row],
    series: Series | None,
    across: str,
    score: Score,
    name: str,
    named: bool,
    line: Mapping[str, Any] | None = None,
) -> go.Scatter:
    marker = series_marker(series, [False] * len(rows)) if series else {"color": DENSE_COLOUR, "size": 10}
    return go.Scatter(
        x=[row[across] for row in rows],
        y=[row[score.column] for row in rows],
        error_y=_interval(rows, score),
        mode="lines+markers" if line else "markers",
        line=line,
        marker=marker,
        name=name,
        legendgroup=name,
        showlegend=named,
        customdata=[row["id"] for row in rows],
        hovertext=[_hover(row, score) for row in rows],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _interval(rows: Sequence[Row], score: Score) -> dict[str, Any] | None:
    if score.column != "mis":
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": [row["mis_high"] - row["mis"] for row in rows],
        "arrayminus": [row["mis"] - row["mis_low"] for row in rows],
        "thickness": 1.2,
        "width": 3,
    }


def _hover(row: Row, score: Score) -> str:
    interval = (row["mis_low"], row["mis_high"]) if score.column == "mis" else (math.nan, math.nan)
    lines = (
        f"<b>{network_name(row)}</b>",
        f"mean {score.title}",
        score_text(row[score.column], *interval),
        *([INTERVAL] if score.column == "mis" else []),
        f"{row['live']:,.0f} live of {count(int(row['units']), 'unit')}",
        f"top-1 {percent(row['top1'])}, sparsity {percent(row['sparsity'])}",
    )
    return "<br>".join(lines)


def _lay_out(figure: go.Figure, score: Score, dark: bool) -> None:
    legend = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}
    figure.update_layout(
        template=template(dark),
        height=HEIGHT,
        margin={"l": 72, "r": 12, "t": 40, "b": 56},
        legend=legend,
        hovermode="closest",
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": palette(dark).muted},
    )
    figure.update_xaxes(title=axis_title(ACROSS["rate"]), zeroline=False, col=1)
    figure.update_xaxes(title=axis_title(ACROSS["top1"]), tickformat=".0%", zeroline=False, col=2)
    figure.update_yaxes(title=axis_title(f"Mean {score.title}"), zeroline=False, col=1)
