"""Accuracy against what was pruned: runs become curves, dense controls levels, a run's layers bars."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.figures.axes import ACROSS, AXES, MEASURES, Axis, Measure, axis_title, axis_words, placed
from core.figures.hover import Row, hover_text
from core.figures.lines import baseline, series_lines, series_marker
from core.figures.theme import ACCENT, DENSE_COLOUR, TECHNIQUE_COLOURS, Palette, palette, template
from core.layer_names import INCEPTION_CONVS
from core.series import Series, titles
from core.store.queue import OPEN
from core.unpruned import unpruned_short, unpruned_title, zeros
from core.words import percent

HEIGHT = 460  # pixels
LAYERS_HEIGHT = 190
_MARGIN = {"l": 64, "r": 16, "t": 64, "b": 56}
_WORDS_APART = 15  # pixels between the words at two levels
_LETTER = 6.2  # pixels that a letter of a level's name is wide
_VEIL = "A0"  # how opaque the ground is that the words stand on, in hexadecimal


@dataclass(frozen=True, eq=False)
class _Chart:
    """What is being drawn: runs with their place, the axes, and how each curve looks and is called."""

    runs: Sequence[Row]  # of `placed`, without those that are not measured
    measure: Measure
    axis: Axis
    lines: Mapping[Series, dict[str, Any]]
    titles: Mapping[Series, str]
    colours: Palette
    chance: float

    @property
    def top(self) -> float:
        """Where the vertical axis ends."""
        return (
            1.02 if self.measure.share else 1.08 * max([self.chance, *(run[self.measure.column] for run in self.runs)])
        )

    @property
    def own_zeros(self) -> float:
        """The share of zeros with which the network came."""
        return max((run["own_zeros"] for run in self.runs), default=0.0)

    @cached_property
    def curves(self) -> dict[Series | None, list[Row]]:
        """The runs of each curve; None: the dense run."""
        found: dict[Series | None, list[Row]] = {}
        for run in self.runs:
            found.setdefault(run["series"], []).append(run)
        return found

    def members(self, series: Series | None) -> list[Row]:
        """Return the runs of a curve as far as their place is known, in the order of the axis; None: the dense run."""
        known = [run for run in self.curves.get(series, ()) if not math.isnan(run[ACROSS])]
        return sorted(known, key=lambda run: float(run[ACROSS]))

    def spread(self, runs: Sequence[Row]) -> dict[str, list[float]]:
        """Return where runs are drawn."""
        return {"x": [run[ACROSS] for run in runs], "y": [run[self.measure.column] for run in runs]}


def tradeoff_curves(
    runs: pd.DataFrame,
    classes: int,
    *,
    x: str = "rate",
    y: str = "top-1",
    selected: str = "",
    dark: bool = False,
) -> go.Figure:
    """Return one curve a series over the runs of one network on one set of images, with 95 % intervals.

    `runs` has the columns of `runs_frame` and `series` (core.series.with_series). The dense run, if measured, is
    drawn as a level with its interval and begins every curve of networks that were not retrained; a dense control is
    a dashed level and begins the curves of those that were retrained like it. The legend names what was pruned how,
    and apart from that how it was retrained. Each point's customdata is its run id; a ring is drawn around the
    `selected` one.
    """
    chart = _chart(runs, MEASURES[y], AXES[x], classes, palette(dark))
    curves = (trace for series in chart.titles for trace in _curve(chart, series))
    # All at once: to add one after the other takes Plotly long.
    figure = go.Figure([*_dense(chart), *curves, *_legend(chart), _ring(chart, selected)])
    figure.update_layout(template=template(dark), **_layout(chart), **_levels_and_words(chart))
    return figure


def _chart(runs: pd.DataFrame, measure: Measure, axis: Axis, classes: int, colours: Palette) -> _Chart:
    measured = placed(runs.reindex(columns=runs.columns.union([measure.column], sort=False)), axis)
    measured = measured.dropna(subset=[measure.column])
    series = measured["series"].dropna()
    lines, names = series_lines(series), titles(series)
    return _Chart(measured.to_dict("records"), measure, axis, lines, names, colours, measure.chance(classes))


def _layout(chart: _Chart) -> dict[str, Any]:
    legend = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "title": None}
    last = max((run[ACROSS] for run in chart.runs if run[ACROSS] > 0), default=1.0)
    across = {"title": axis_title(axis_words(chart.axis, chart.own_zeros)), "range": [-0.03 * last, 1.06 * last]}
    up = {"title": axis_title(chart.measure.title), "range": [0, chart.top]}
    return {
        "height": HEIGHT,
        "legend": legend,
        "margin": _MARGIN | {"r": _MARGIN["r"] + _beside(chart)},
        "hovermode": "closest",
        "uirevision": chart.axis.name,
        "clickmode": "event+select",
        "dragmode": "zoom",
        "modebar": _quiet(chart.colours),
        "xaxis": across | {"tickformat": chart.axis.ticks},
        "yaxis": up | {"tickformat": ".0%" if chart.measure.share else None},
    }


def _beside(chart: _Chart) -> int:
    """Return how many pixels beside the chart the names of its levels take: none where they stand inside it.

    Controls lie where the retrained curves do, whose points their names would hide.
    """
    controls = [level.words for level in _levels(chart) if any(one.control for one in chart.titles)]
    return 0 if chart.axis.cost else round(_LETTER * max(map(len, controls), default=0))


def _quiet(colours: Palette) -> dict[str, str]:
    """Return how the buttons over a chart look: without a ground of their own."""
    return {"bgcolor": "rgba(0,0,0,0)", "color": colours.muted, "activecolor": colours.text}


@dataclass(frozen=True)
class _Level:
    """A value to hold curves against: what it is called, its interval if it has one, and its line."""

    words: str
    value: float
    line: Mapping[str, Any]
    interval: tuple[float, float] | None = None


def _levels_and_words(chart: _Chart) -> dict[str, Any]:
    levels = sorted(_levels(chart), key=lambda level: level.value)
    shapes = [shape for level in levels for shape in _shapes(level)]
    return {"shapes": shapes, "annotations": _words(chart, levels)}


def _shapes(level: _Level) -> Iterator[dict[str, Any]]:
    across = {"xref": "paper", "x0": 0, "x1": 1, "layer": "below"}
    if level.interval:
        low, high = level.interval
        ground = {"fillcolor": DENSE_COLOUR, "opacity": 0.12, "line": {"width": 0}}
        yield {"type": "rect", "y0": low, "y1": high} | ground | across
    yield {"type": "line", "y0": level.value, "y1": level.value, "line": dict(level.line)} | across


def _levels(chart: _Chart) -> Iterator[_Level]:
    quiet = {"color": chart.colours.muted, "width": 1, "dash": "dot"}
    yield _Level("chance", chart.chance, quiet)
    solid = {"color": DENSE_COLOUR, "width": 1.5, "dash": "solid"}
    controls = [one for one in chart.titles if one.control]
    named = [(_control_in_words(one, len(controls)), one, chart.lines[one]) for one in controls]
    unpruned = [unpruned_short(zeros(run)) for run in chart.curves.get(None, ())[:1]]
    for words, series, line in (*((one, None, solid) for one in unpruned), *named):
        for here in chart.curves.get(series, ())[:1]:
            value = float(here[chart.measure.column])
            said = percent(value) if chart.measure.share else f"{value:.2f}"
            yield _Level(f"{words} {said}", value, line, _interval(here, chart.measure))


def _control_in_words(series: Series, controls: int) -> str:
    return "control" if controls == 1 else series.parts["retraining"].removeprefix("retrained ")


def _interval(run: Row, measure: Measure) -> tuple[float, float] | None:
    return (float(run[measure.bounds[0]]), float(run[measure.bounds[1]])) if measure.bounds else None


def _words(chart: _Chart, levels: Sequence[_Level]) -> list[dict[str, Any]]:
    """Name the levels above their lines, one under the other where they are close: away from the dense network."""
    pixel = chart.top / (HEIGHT - _MARGIN["t"] - _MARGIN["b"])
    right = {"x": 1.01, "xanchor": "left"} if _beside(chart) else {"x": 1, "xanchor": "right"}
    look = {
        "xref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12, "color": chart.colours.muted},
        "bgcolor": chart.colours.background + _VEIL,
        **({"x": 0, "xanchor": "left"} if chart.axis.cost else right),
    }
    found, above = [], float("inf")
    for level in reversed(levels):
        above = min(level.value, above - _WORDS_APART * pixel)
        found.append({"text": level.words, "y": above, **look})
    return found


def _dense(chart: _Chart) -> Iterator[go.Scatter]:
    for run in chart.members(None)[:1]:
        look = {"marker": {"color": DENSE_COLOUR, "size": 10, "symbol": "circle"}, "mode": "markers"}
        yield _points(chart, [run], name=unpruned_title(zeros(run)), **look)


def _ring(chart: _Chart, selected: str) -> go.Scatter:
    runs = [run for run in chart.runs if run["id"] == selected and not math.isnan(run[ACROSS])]
    return go.Scatter(
        **chart.spread(runs),
        mode="markers",
        marker={"symbol": "circle-open", "size": 18, "color": ACCENT, "line": {"width": 2.5}},
        hoverinfo="skip",
        showlegend=False,
    )


def _curve(chart: _Chart, series: Series) -> Iterator[go.Scatter]:
    runs = chart.members(series)
    if not runs:
        return
    look = {"line": chart.lines[series], "legendgroup": repr(_pruned(series)), "showlegend": False}
    yield from _first_stretch(chart, series, runs, look)
    marker = series_marker(series, [run["state"] in OPEN for run in runs])
    yield _points(chart, runs, name=chart.titles[series], mode="lines+markers", marker=marker, **look)


def _pruned(series: Series) -> Series:
    """Return what a curve shares with those of networks that were pruned like it and retrained otherwise."""
    return replace(series, retraining=None)


def _legend(chart: _Chart) -> Iterator[go.Scatter]:
    """Name what was pruned how, each once, and then how it was retrained: together that names every curve.

    To click on the first hides all curves of that kind.
    """
    nothing: dict[str, Any] = {"x": [None], "y": [None], "hoverinfo": "skip"}
    drawn = {_pruned(one): chart.lines[one] for one in reversed(list(chart.titles))}
    for one, title in titles(drawn).items():
        line = drawn[one] | {"dash": "dash" if one.control else "solid"}
        marker = series_marker(one, [False])
        look = {"mode": "lines+markers", "line": line, "marker": marker, "legendgroup": repr(one)}
        yield go.Scatter(name=title, **look, **nothing)
    for words, dash in _ways(chart).items():
        line = {"color": chart.colours.muted, "width": 2, "dash": dash}
        yield go.Scatter(name=words, mode="lines", line=line, **nothing)


def _ways(chart: _Chart) -> dict[str, str]:
    """Return the dash of each way of retraining, by its words; nothing where nothing was retrained."""
    curves = {one.retraining: chart.lines[one]["dash"] for one in chart.titles if not one.control}
    if not any(curves):
        return {}
    plain = next(one for one in chart.titles if not one.control)
    words = titles(replace(plain, retraining=way) for way in curves)
    return {title.partition(", ")[2] or "as pruned": curves[one.retraining] for one, title in words.items()}


def _first_stretch(chart: _Chart, series: Series, runs: Sequence[Row], look: Mapping[str, Any]) -> Iterator[go.Scatter]:
    """Draw a curve from where it begins to its first point: what it begins at is not one of its points."""
    begin = [] if series.control else chart.members(baseline(series))[:1]
    if begin:
        first = runs[-1] if chart.axis.cost else runs[0]
        yield go.Scatter(**chart.spread([*begin, first]), mode="lines", hoverinfo="skip", **look)


def _points(chart: _Chart, runs: Sequence[Row], **look: Any) -> go.Scatter:
    return go.Scatter(
        **chart.spread(runs),
        error_y=_error_bars(runs, chart.measure),
        customdata=[run["id"] for run in runs],
        hovertext=[hover_text(run) for run in runs],
        hovertemplate="%{hovertext}<extra></extra>",
        **look,
    )


def _error_bars(runs: Sequence[Row], measure: Measure) -> dict[str, Any] | None:
    if measure.bounds is None:
        return None
    low, high = measure.bounds
    return {
        "type": "data",
        "symmetric": False,
        "array": [run[high] - run[measure.column] for run in runs],
        "arrayminus": [run[measure.column] - run[low] for run in runs],
        "thickness": 1.2,
        "width": 3,
    }


def layer_bars(layers: Mapping[str, float], technique: str | None, *, dark: bool = False) -> go.Figure:
    """Return the sparsity of each layer as one bar, in the order of the network, grouped by block."""
    names = list(layers)
    figure = go.Figure(
        go.Bar(
            x=list(range(len(names))),
            y=[layers[name] for name in names],
            marker={"color": TECHNIQUE_COLOURS.get(technique or "", DENSE_COLOUR), "line": {"width": 0}},
            customdata=names,
            hovertemplate="%{customdata}: %{y:.1%} removed<extra></extra>",
        )
    )
    figure.update_layout(
        template=template(dark),
        height=LAYERS_HEIGHT,
        bargap=0.15,
        margin={"l": 48, "r": 8, "t": 8, "b": 32},
        showlegend=False,
    )
    at, words = _block_ticks(names)
    figure.update_xaxes(tickmode="array", tickvals=at, ticktext=words, showgrid=False, fixedrange=True, tickangle=0)
    return figure.update_yaxes(range=[0, 1], tickformat=".0%", fixedrange=True, nticks=5)


def _block_ticks(names: Sequence[str]) -> tuple[list[float], list[str]]:
    """Return for each inception block the middle of its bars and its short name; stem and fc are too narrow for one."""
    blocks: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        if name in INCEPTION_CONVS:
            blocks.setdefault(name.partition(".")[0].removeprefix("inception"), []).append(index)
    return [sum(places) / len(places) for places in blocks.values()], list(blocks)
