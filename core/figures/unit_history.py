"""The score of one unit over the rates, curve by curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.figures.lines import baseline, series_lines, series_marker
from core.figures.theme import DENSE_COLOUR, palette, template
from core.series import CONTROL, Series, titles

CHANCE = 0.5  # what a machine scores that guesses
HEIGHT = 360  # pixels

_FLOOR = 0.04  # below the lowest score, where constant units stand


def score_history(table: pd.DataFrame, score: str, chosen: Sequence[str] = (), *, dark: bool = False) -> go.Figure:
    """Return the score of one unit over the rates, a line for each curve, with its interval.

    `table` has a row a network: `id`, `title`, `series` (None for the dense network), `rate`, `mis`, `mis_low`,
    `mis_high`, `hard`, `constant`. Networks in which the unit is constant have no score: crosses on the floor of the
    chart. Rings mark the `chosen` networks. `score` is the name of the score.
    """
    figure, floor = go.Figure(_level(CHANCE, dark)), _floor(table)
    lines = series_lines(one for one in table["series"] if isinstance(one, Series))
    for series, title in titles(lines).items():
        rows = table[[one == series for one in table["series"]]].sort_values("rate")
        live, constant = rows[~rows["constant"]], rows[rows["constant"]]
        figure.add_trace(_line(_from_baseline(rows, table, series), title, lines[series]))
        figure.add_trace(_scored(live, title, series_marker(series, [False] * len(live))))
        figure.add_trace(_crosses(constant, title, floor, lines[series]["color"]))
    figure.add_traces(_dense(table))
    figure.add_trace(_rings(table[table["id"].isin(chosen)], floor, dark))
    _lay_out(figure, score, floor, dark)
    return figure


def _floor(table: pd.DataFrame) -> float:
    """Return where constant units stand: below all scores and below chance."""
    lowest = table["mis_low"].min()
    return min(CHANCE, CHANCE if np.isnan(lowest) else float(lowest)) - _FLOOR


def _level(value: float, dark: bool) -> go.Scatter:
    return go.Scatter(
        x=[0, 1], y=[value, value], mode="lines", name="chance", hoverinfo="skip", showlegend=False,
        line={"color": palette(dark).muted, "width": 1, "dash": "dot"},
    )  # fmt: skip


def _from_baseline(rows: pd.DataFrame, table: pd.DataFrame, series: Series) -> pd.DataFrame:
    """Return the rows of a curve with what it begins at: its dense control, or the dense network."""
    if series.technique == CONTROL:
        return rows
    before = baseline(series)
    start = table[[one is None if before is None else one == before for one in table["series"]]]
    return pd.concat([start, rows])


def _line(rows: pd.DataFrame, title: str, line: Mapping[str, Any]) -> go.Scatter:
    """Return a line through the scores there are, with gaps where the unit is constant."""
    return go.Scatter(
        x=rows["rate"], y=rows["mis"], mode="lines", line=dict(line), legendgroup=title, name=title,
        hoverinfo="skip", showlegend=False, connectgaps=False,
    )  # fmt: skip


def _crosses(rows: pd.DataFrame, title: str, floor: float, colour: str) -> go.Scatter:
    return go.Scatter(
        x=rows["rate"], y=[floor] * len(rows), mode="markers", legendgroup=title, showlegend=False,
        marker={"symbol": "x-thin", "size": 9, "line": {"width": 2, "color": colour}},
        hovertemplate=f"{title} %{{x:.2f}}: constant, no score<extra></extra>", cliponaxis=False,
    )  # fmt: skip


def _scored(rows: pd.DataFrame, title: str, marker: Mapping[str, Any]) -> go.Scatter:
    return go.Scatter(
        x=rows["rate"],
        y=rows["mis"],
        mode="markers",
        marker=dict(marker),
        name=title,
        legendgroup=title,
        showlegend=True,
        error_y={
            "type": "data",
            "symmetric": False,
            "array": rows["mis_high"] - rows["mis"],
            "arrayminus": rows["mis"] - rows["mis_low"],
            "thickness": 1.2,
            "width": 0,
            "color": marker["color"],
        },
        customdata=rows[["mis_low", "mis_high", "hard"]].to_numpy(),
        hovertemplate=f"{title} %{{x:.2f}}<br>%{{y:.3f}} (%{{customdata[0]:.3f}} to %{{customdata[1]:.3f}})"
        "<br>hard %{customdata[2]:.2f}<extra></extra>",
    )


def _dense(table: pd.DataFrame) -> list[go.Scatter]:
    rows = table[[one is None for one in table["series"]]]
    marker = {"color": DENSE_COLOUR, "size": 10, "symbol": "circle"}
    return [_scored(rows, rows["title"].iloc[0], marker)] if len(rows) and not rows["constant"].all() else []


def _rings(rows: pd.DataFrame, floor: float, dark: bool) -> go.Scatter:
    return go.Scatter(
        x=rows["rate"],
        y=rows["mis"].fillna(floor),
        mode="markers",
        marker={"symbol": "circle-open", "size": 17, "color": palette(dark).text, "line": {"width": 1.5}},
        hoverinfo="skip",
        showlegend=False,
    )


def _lay_out(figure: go.Figure, score: str, floor: float, dark: bool) -> None:
    figure.update_layout(
        template=template(dark), height=HEIGHT, hovermode="closest", font_size=12,
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
        margin={"l": 56, "r": 8, "t": 8, "b": 72},
    )  # fmt: skip
    figure.update_xaxes(title="rate", range=[-0.03, 1.0], fixedrange=True)
    figure.update_yaxes(title=score, range=[floor - 0.02, 1.02], fixedrange=True)
