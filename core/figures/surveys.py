"""Where pruned networks look, drawn under their accuracy on the same axis: does one fall before the other?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.figures.axes import ACROSS, AXES, axis_title, placed
from core.figures.lines import baseline, series_lines, series_marker
from core.figures.theme import DENSE_COLOUR, Palette, palette
from core.interpretability.measures.agreement import AGREEMENT
from core.interpretability.measures.localisation import LOCALISATION
from core.interpretability.measures.measure import Measure
from core.interpretability.survey import EMPTY, MEASURES
from core.series import Series, titles
from core.surveys import YARDSTICKS
from core.unpruned import unpruned_title, zeros
from core.words import count

PANEL = 270  # pixels that a panel adds
_GAP = 70  # pixels between two panels

Figures = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Panel:
    """What one panel shows: a measure (a key of `MEASURES`) of what the functions of core.surveys return."""

    measure: str
    surveyed: pd.DataFrame  # as `survey_frame`
    yardsticks: Mapping[str, Figures]  # as `yardsticks`

    @property
    def scale(self) -> Measure:
        """What the measure means."""
        return MEASURES[self.measure]

    @property
    def floor(self) -> float:
        """Where the axis of an agreement begins: a little below all that is drawn, and below zero."""
        drawn = self.surveyed.filter(regex=f"^((kept|lost)_)?{self.measure}(_low)?$")
        marks = [one.get(f"{self.measure}_low", 0.0) for one in self.yardsticks.values()]
        return min(0.0, *marks, float(drawn.min().min()) if drawn.size else 0.0) - 0.05


def with_panels(
    figure: go.Figure,
    runs: pd.DataFrame,
    panels: Sequence[Panel],
    *,
    x: str = "rate",
    split: bool = False,
    dark: bool = False,
) -> go.Figure:
    """Add panels below the accuracy of `tradeoff_curves`, on the same horizontal axis; `runs` as there.

    With `split`, two curves a series: images that the dense network knows and the pruned one still knows (filled), and
    images it lost (open). Points hold their run id.
    """
    _make_room(figure, panels)
    for place, panel in enumerate(panels):
        _draw(figure, f"y{place + 2}", panel, runs, x, split, palette(dark))
    return figure


def _make_room(figure: go.Figure, panels: Sequence[Panel]) -> None:
    height, added = int(figure.layout.height), PANEL * len(panels)
    total = height + added
    figure.update_layout(height=total, yaxis={"domain": [(added + _GAP / 2) / total if panels else 0, 1]})
    for place, panel in enumerate(panels):
        top = added - place * PANEL
        within = {"range": [panel.floor, 1.04]} if panel.measure in AGREEMENT else {"rangemode": "tozero"}
        figure.update_layout(
            {
                f"yaxis{place + 2}": {
                    "domain": [(top - PANEL + _GAP / 2) / total, (top - _GAP / 2) / total],
                    "anchor": "x",
                    "title": axis_title(panel.scale.short),
                    "zeroline": False,
                    **within,
                },
                "xaxis": {"anchor": f"y{place + 2}"},
            }
        )


def _draw(
    figure: go.Figure, axis: str, panel: Panel, runs: pd.DataFrame, x: str, split: bool, colours: Palette
) -> None:
    measure, surveyed = panel.measure, panel.surveyed
    known = runs.merge(surveyed, on="id", suffixes=("", "_surveyed")) if len(surveyed) else runs.iloc[:0]
    if measure not in known:
        _say_nothing_is_known(figure, axis, _why_nothing(panel, known), colours)
        return
    known, lines = placed(known, AXES[x]), series_lines(runs["series"].dropna())
    dense = known[known["series"].isna()]
    for level in _levels(panel, dense):
        _add_level(figure, axis, level, colours)
    _add_mark(figure, axis, dense, measure, "circle")
    for series in titles(known["series"].dropna()):
        members = known[known["series"] == series].dropna(subset=[ACROSS]).sort_values(ACROSS)
        if series.control:
            _add_control(figure, axis, members, measure, lines[series], colours)
            continue
        for prefix, symbol in (("kept_", ""), ("lost_", "-open")) if split else (("", ""),):
            _add_curve(figure, axis, members, known, prefix + measure, lines[series], symbol)


@dataclass(frozen=True)
class _Level:
    """A value to hold curves against, with its interval."""

    words: str
    value: float
    low: float
    high: float
    dash: str = "dot"
    at: float = 0.01  # where its words begin, a share of the width: at the left, where the curves are still high


def _levels(panel: Panel, dense: pd.DataFrame) -> list[_Level]:
    """Return what a measure is held against; a share of empty maps speaks for itself."""
    if panel.measure == EMPTY.name:
        return []
    found = [
        _level(panel.yardsticks[name], panel.measure, about.title.lower())
        for name, about in YARDSTICKS.items()
        if panel.measure in panel.yardsticks.get(name, {})
    ]
    if panel.measure in LOCALISATION and len(dense) and "area" in dense:
        area = float(dense["area"].iloc[0])
        found.append(_Level("area of the object", area, area, area, "dash", 0.3))
    return found


def _level(figures: Figures, measure: str, words: str) -> _Level:
    value = figures[measure]
    return _Level(words, value, figures.get(f"{measure}_low", value), figures.get(f"{measure}_high", value))


def _why_nothing(panel: Panel, known: pd.DataFrame) -> str:
    if known.empty:
        return "not surveyed yet: the button below measures it"
    if panel.measure in LOCALISATION:
        return "nobody knows where the object is in these images: they have neither masks nor boxes"
    return "not defined for any of the images"


def _say_nothing_is_known(figure: go.Figure, axis: str, words: str, colours: Palette) -> None:
    """Write why a panel is empty into it. Plotly draws no axis without a trace, and would write it elsewhere."""
    figure.add_scatter(x=[None], y=[None], yaxis=axis, showlegend=False, hoverinfo="skip")
    figure.update_layout({f"yaxis{axis[1:]}": {"range": [0, 1]}})
    figure.add_annotation(
        text=words, x=0.5, xref="paper", y=0.5, yref=f"{axis} domain", showarrow=False,
        font={"size": 13, "color": colours.muted},
    )  # fmt: skip


def _add_level(figure: go.Figure, axis: str, level: _Level, colours: Palette) -> None:
    """Draw a level across a panel with its interval, named."""
    across = {"xref": "paper", "x0": 0, "x1": 1, "yref": axis, "layer": "below"}
    band = {"fillcolor": colours.muted, "opacity": 0.12, "line_width": 0}
    figure.add_shape(type="rect", y0=level.low, y1=level.high, **band, **across)
    line = {"color": colours.muted, "width": 1, "dash": level.dash}
    figure.add_shape(type="line", y0=level.value, y1=level.value, line=line, **across)
    figure.add_annotation(
        text=f"{level.words} {level.value:.2f}", x=level.at, xref="paper", xanchor="left", y=level.value, yref=axis,
        yanchor="bottom", showarrow=False, font={"size": 12, "color": colours.muted},
    )  # fmt: skip


def _add_control(
    figure: go.Figure, axis: str, run: pd.DataFrame, measure: str, line: Mapping[str, Any], colours: Palette
) -> None:
    """Draw a dense control: a level with the dash of the curves that it is the control of, and a point to click."""
    present = run.dropna(subset=[measure])
    if len(present):
        level = _level({str(name): value for name, value in present.iloc[0].items()}, measure, "control")
        _add_level(figure, axis, replace(level, dash=line["dash"], at=0.5), colours)
        _add_mark(figure, axis, present, measure, "diamond")


def _add_mark(figure: go.Figure, axis: str, run: pd.DataFrame, measure: str, symbol: str) -> None:
    """Draw the point of a network that is not pruned."""
    present = run.dropna(subset=[ACROSS, measure]).iloc[:1]
    if present.empty:
        return
    figure.add_scatter(
        x=present[ACROSS].tolist(),
        y=present[measure].tolist(),
        yaxis=axis,
        mode="markers",
        marker={"color": DENSE_COLOUR, "size": 10, "symbol": symbol},
        error_y=_error_bars(present, measure),
        customdata=present["id"].tolist(),
        hovertext=[_hover(present.iloc[0], measure)],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )


def _add_curve(
    figure: go.Figure,
    axis: str,
    members: pd.DataFrame,
    known: pd.DataFrame,
    column: str,
    line: Mapping[str, Any],
    symbol: str,
) -> None:
    present = members.dropna(subset=[column]) if column in members else members.iloc[:0]
    if present.empty:
        return
    series, values = present["series"].iloc[0], present[column]
    marker = series_marker(series, _few(present, column).tolist())
    start = baseline(series)
    begin = known[known["series"].isna() if start is None else known["series"] == start].iloc[: 0 if symbol else 1]
    drawn = pd.concat([begin, present]).dropna(subset=[ACROSS, column]).sort_values(ACROSS, kind="stable")
    quiet = {"yaxis": axis, "showlegend": False, "line": {**line, **({"width": 1} if symbol else {})}}
    figure.add_scatter(x=drawn[ACROSS].tolist(), y=drawn[column].tolist(), mode="lines", hoverinfo="skip", **quiet)
    figure.add_scatter(
        x=present[ACROSS].tolist(),
        y=values.tolist(),
        mode="markers",
        marker=marker | {"symbol": f"{marker['symbol'].removesuffix('-open')}{symbol}"},
        error_y=_error_bars(present, column),
        customdata=present["id"].tolist(),
        hovertext=[_hover(run, column) for _, run in present.iterrows()],
        hovertemplate="%{hovertext}<extra></extra>",
        **quiet,
    )


def _few(runs: pd.DataFrame, column: str) -> pd.Series:
    """Return which values are means over fewer than half of the images: for the others the measure is not defined."""
    prefix = column.partition("_")[0] + "_" if column.startswith(("kept_", "lost_")) else ""
    images = runs[f"{prefix}images" if prefix else "images_surveyed"]
    return runs.get(f"{column}_images", images) < images / 2


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


_SPLITS = {"kept": "still right", "lost": "lost"}


def _hover(run: pd.Series, column: str) -> str:
    part, _, measure = column.rpartition("_") if column.startswith(("kept_", "lost_")) else ("", "", column)
    name = unpruned_title(zeros(dict(run))) if run["series"] is None else _name(run["series"], run["rate"])
    low, high = run.get(f"{column}_low", math.nan), run.get(f"{column}_high", math.nan)
    interval = "" if math.isnan(low) else f" ({low:.2f} to {high:.2f})"
    images = int(run[f"{part}_images" if part else "images_surveyed"])
    which = f" {_SPLITS[part]}" if part else ""
    defined = run.get(f"{column}_images", math.nan)
    left = 0 if math.isnan(defined) else images - int(defined)
    more = f"; not defined for {left:,} more" if left else ""
    words = f"{count(images - left, 'image')}{which}{more}"
    return f"<b>{name}</b><br>{MEASURES[measure].title}<br>{run[column]:.3f}{interval}<br>on {words}"


def _name(series: Series, rate: float) -> str:
    technique = series.parts["technique"]
    what = technique if series.control else f"{technique} {rate:.2f}"
    return ", ".join(part for part in (what, series.parts["retraining"]) if part)
