"""Where pruned networks look, drawn under their accuracy on the same axis: does one fall before the other?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.figures.curves import COLUMNS, axis_title, series_line, series_marker
from core.figures.theme import DENSE_COLOUR, Palette, palette
from core.interpretability.measures.agreement import AGREEMENT
from core.interpretability.survey import SCALES, Scale
from core.series import titles
from core.surveys import YARDSTICKS
from core.words import count

PANEL = 300  # pixels that the lower panel adds
_GAP = 0.12  # of the height, between the panels
_AREA = "Area of the object"

Figures = Mapping[str, float]


def with_survey(
    figure: go.Figure,
    runs: pd.DataFrame,
    surveyed: pd.DataFrame,
    yardsticks: Mapping[str, Figures],
    measure: str,
    *,
    x: str = "rate",
    split: bool = False,
    dark: bool = False,
) -> go.Figure:
    """Add to `tradeoff_curves` a panel below with a survey's `measure` (a key of `SCALES`) on the same horizontal axis.

    `runs` as for `tradeoff_curves`; `surveyed` and `yardsticks` as the functions of core.surveys return them. With
    `split`, two curves a series: images that the dense network knows and the pruned one still knows (filled), and
    images it lost (open). Points hold their run id.
    """
    scale, column, colours = SCALES[measure], COLUMNS[x], palette(dark)
    known = runs.merge(surveyed, on="id", suffixes=("", "_surveyed")) if len(surveyed) else runs.iloc[:0]
    _make_room(figure, scale)
    for name, about in YARDSTICKS.items():
        if measure in yardsticks.get(name, {}):
            _add_level(figure, yardsticks[name], measure, about.title.lower(), "dot", colours)
    dense = known[known["series"].isna()] if len(known) else known
    if len(dense) and "area" in dense and measure in ("pointing", "inside"):
        _add_level(figure, _figures_of(dense.iloc[0]), "area", _AREA.lower(), "dash", colours, at=0.55)
    if measure not in known:
        _say_nothing_is_known(figure, colours)
    _add_dense(figure, dense, scale)
    for series, _ in titles(known["series"].dropna()).items() if len(known) else ():
        members = known[known["series"] == series].sort_values(column)
        for prefix, symbol in (("kept_", ""), ("lost_", "-open")) if split else (("", ""),):
            _add_curve(figure, members, dense, prefix + measure, column, symbol)
    return figure


def _figures_of(run: pd.Series) -> dict[str, float]:
    return {str(name): float(value) for name, value in run.items() if isinstance(value, float)}


def _make_room(figure: go.Figure, scale: Scale) -> None:
    height = int(figure.layout.height)
    lower = PANEL / (height + PANEL)
    figure.update_layout(height=height + PANEL)
    figure.update_layout(yaxis={"domain": [lower + _GAP / 2, 1]})
    figure.update_layout(
        yaxis2={
            "domain": [0, lower - _GAP / 2],
            "anchor": "x",
            "title": axis_title(scale.short),
            "zeroline": False,
            **({"range": [-0.28, 1.03]} if scale.name in AGREEMENT else {"rangemode": "tozero"}),
        },
        xaxis={"anchor": "y2"},
    )


def _say_nothing_is_known(figure: go.Figure, colours: Palette) -> None:
    words = "not surveyed yet: the button below measures it"
    figure.add_annotation(
        text=words, x=0.5, xref="paper", y=0.5, yref="y2 domain", showarrow=False,
        font={"size": 13, "color": colours.muted},
    )  # fmt: skip


def _add_level(
    figure: go.Figure, figures: Figures, measure: str, words: str, dash: str, colours: Palette, at: float = 1.0
) -> None:
    """Draw a level across the lower panel with its interval, named at its right end."""
    value = figures[measure]
    low, high = figures.get(f"{measure}_low", value), figures.get(f"{measure}_high", value)
    across = {"xref": "paper", "x0": 0, "x1": 1, "yref": "y2", "layer": "below"}
    figure.add_shape(type="rect", y0=low, y1=high, fillcolor=colours.muted, opacity=0.12, line_width=0, **across)
    figure.add_shape(type="line", y0=value, y1=value, line={"color": colours.muted, "width": 1, "dash": dash}, **across)
    figure.add_annotation(
        text=f"{words} {value:.2f}", x=at, xref="paper", xanchor="right", y=value, yref="y2", yanchor="bottom",
        showarrow=False, font={"size": 12, "color": colours.muted},
    )  # fmt: skip


def _add_dense(figure: go.Figure, dense: pd.DataFrame, scale: Scale) -> None:
    if dense.empty or scale.name not in dense:
        return
    figure.add_scatter(
        x=[0.0],
        y=dense[scale.name].iloc[:1].tolist(),
        yaxis="y2",
        mode="markers",
        marker={"color": DENSE_COLOUR, "size": 10},
        error_y=_error_bars(dense.iloc[:1], scale.name),
        customdata=dense["id"].iloc[:1].tolist(),
        hovertext=[_hover(dense.iloc[0], scale.name)],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )


def _add_curve(
    figure: go.Figure, members: pd.DataFrame, dense: pd.DataFrame, column: str, across: str, symbol: str
) -> None:
    present = members.dropna(subset=[column]) if column in members else members.iloc[:0]
    if present.empty:
        return
    series, values = present["series"].iloc[0], present[column]
    marker = series_marker(series, present["state"].isin(()))
    start = [] if symbol or column not in dense else dense[column].dropna().iloc[:1].tolist()
    quiet = {"yaxis": "y2", "showlegend": False, "line": series_line(series) | ({"width": 1} if symbol else {})}
    figure.add_scatter(
        x=[0.0] * len(start) + present[across].tolist(), y=start + values.tolist(), mode="lines", hoverinfo="skip",
        **quiet,
    )  # fmt: skip
    figure.add_scatter(
        x=present[across].tolist(),
        y=values.tolist(),
        mode="markers",
        marker=marker | {"symbol": f"{marker['symbol'].removesuffix('-open')}{symbol}"},
        error_y=_error_bars(present, column),
        customdata=present["id"].tolist(),
        hovertext=[_hover(run, column) for _, run in present.iterrows()],
        hovertemplate="%{hovertext}<extra></extra>",
        **quiet,
    )


def _error_bars(runs: pd.DataFrame, column: str) -> dict[str, Any]:
    low, high = (runs.get(f"{column}{end}", runs[column]).fillna(runs[column]) for end in ("_low", "_high"))
    return {
        "type": "data",
        "symmetric": False,
        "array": (high - runs[column]).tolist(),
        "arrayminus": (runs[column] - low).tolist(),
        "thickness": 1.2,
        "width": 3,
    }


_SPLITS = {"kept": "images still right", "lost": "images lost", "": "images"}


def _hover(run: pd.Series, column: str) -> str:
    part, _, measure = column.rpartition("_") if column.startswith(("kept_", "lost_")) else ("", "", column)
    images = run.get(f"{part}_images" if part else "images_surveyed", math.nan)
    name = "Dense" if run["series"] is None else f"{run['series'].parts['technique']} {run['rate']:.2f}"
    low, high = run.get(f"{column}_low", math.nan), run.get(f"{column}_high", math.nan)
    interval = "" if math.isnan(low) else f" ({low:.2f} to {high:.2f})"
    words = count(int(images), "image") if not part else f"{int(images):,} {_SPLITS[part]}"
    return f"<b>{name}</b><br>{SCALES[measure].title}<br>{run[column]:.3f}{interval} on {words}"
