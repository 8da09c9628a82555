"""Accuracy against what was pruned: runs become curves, dense controls levels, a run's layers bars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.figures.axes import ACROSS, AXES, MEASURES, Axis, Measure, axis_title, placed
from core.figures.hover import hover_text
from core.figures.lines import beginning, series_lines, series_marker
from core.figures.theme import ACCENT, DENSE_COLOUR, TECHNIQUE_COLOURS, Palette, palette, template
from core.layer_names import INCEPTION_CONVS
from core.series import Series, titles
from core.words import percent

HEIGHT = 460  # pixels
LAYERS_HEIGHT = 190
_MARGIN = {"l": 64, "r": 16, "t": 64, "b": 56}
_WORDS_APART = 15  # pixels between the words at two levels
_VEIL = "A0"  # how opaque the ground is that the words stand on, in hexadecimal


@dataclass(frozen=True, eq=False)
class _Chart:
    """What is being drawn: runs with their place, the axes, and how each curve looks and is called."""

    figure: go.Figure
    runs: pd.DataFrame  # as `placed` returns it, without those that are not measured
    measure: Measure
    axis: Axis
    lines: Mapping[Series, dict[str, Any]]
    titles: Mapping[Series, str]
    colours: Palette
    chance: float

    @property
    def top(self) -> float:
        """Where the vertical axis ends."""
        return 1.02 if self.measure.share else 1.08 * max([self.chance, *self.runs[self.measure.column]])

    def members(self, series: Series | None) -> pd.DataFrame:
        """Return the runs of a curve as far as their place is known, in the order of the axis; None: the dense run."""
        those = self.runs["series"].isna() if series is None else self.runs["series"] == series
        return self.runs[those].dropna(subset=[ACROSS]).sort_values(ACROSS)


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
    _style(chart, template(dark))
    _add_levels(chart)
    for series in chart.titles:
        _add_series(chart, series)
    _add_legend(chart)
    _add_ring(chart, selected)
    return chart.figure


def _chart(runs: pd.DataFrame, measure: Measure, axis: Axis, classes: int, colours: Palette) -> _Chart:
    measured = placed(runs.reindex(columns=runs.columns.union([measure.column], sort=False)), axis)
    measured = measured.dropna(subset=[measure.column])
    series = measured["series"].dropna()
    lines, names = series_lines(series), titles(series)
    return _Chart(go.Figure(), measured, measure, axis, lines, names, colours, measure.chance(classes))


def _style(chart: _Chart, look: go.layout.Template) -> None:
    legend = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "title": None}
    chart.figure.update_layout(
        template=look,
        height=HEIGHT,
        legend=legend,
        margin=_MARGIN,
        hovermode="closest",
        uirevision=chart.axis.name,
        clickmode="event+select",
        dragmode="zoom",
        modebar=_quiet(chart.colours),
    )
    last = chart.runs[ACROSS].max()
    last = float(last) if last > 0 else 1.0
    chart.figure.update_xaxes(
        title=axis_title(chart.axis.title), range=[-0.03 * last, 1.06 * last], tickformat=chart.axis.ticks
    )
    chart.figure.update_yaxes(
        title=axis_title(chart.measure.title), range=[0, chart.top], tickformat=".0%" if chart.measure.share else None
    )


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


def _add_levels(chart: _Chart) -> None:
    levels = sorted(_levels(chart), key=lambda level: level.value)
    for level in levels:
        if level.interval:
            low, high = level.interval
            chart.figure.add_hrect(low, high, fillcolor=DENSE_COLOUR, opacity=0.12, line_width=0, layer="below")
        chart.figure.add_hline(level.value, line=dict(level.line), layer="below")
    _add_words(chart, levels)
    _add_dense(chart)


def _levels(chart: _Chart) -> Iterator[_Level]:
    quiet = {"color": chart.colours.muted, "width": 1, "dash": "dot"}
    yield _Level("chance", chart.chance, quiet)
    solid = {"color": DENSE_COLOUR, "width": 1.5, "dash": "solid"}
    controls = [one for one in chart.titles if one.control]
    named = [(_control_in_words(one, len(controls)), one, chart.lines[one]) for one in controls]
    for words, series, line in (("dense", None, solid), *named):
        here = chart.runs[chart.runs["series"].isna() if series is None else chart.runs["series"] == series]
        if len(here):
            value = float(here[chart.measure.column].iloc[0])
            said = percent(value) if chart.measure.share else f"{value:.2f}"
            yield _Level(f"{words} {said}", value, line, _interval(here.iloc[0], chart.measure))


def _control_in_words(series: Series, controls: int) -> str:
    return "control" if controls == 1 else f"control, {series.parts['retraining'].removeprefix('retrained ')}"


def _interval(run: pd.Series, measure: Measure) -> tuple[float, float] | None:
    return (float(run[measure.bounds[0]]), float(run[measure.bounds[1]])) if measure.bounds else None


def _add_words(chart: _Chart, levels: Sequence[_Level]) -> None:
    """Name the levels above their lines, one under the other where they are close: away from the dense network."""
    pixel = chart.top / (HEIGHT - _MARGIN["t"] - _MARGIN["b"])
    side = {"x": 0, "xanchor": "left"} if chart.axis.cost else {"x": 1, "xanchor": "right"}
    above = float("inf")
    for level in reversed(levels):
        above = min(level.value, above - _WORDS_APART * pixel)
        chart.figure.add_annotation(
            text=level.words, xref="paper", y=above, yanchor="bottom", showarrow=False,
            font={"size": 12, "color": chart.colours.muted}, bgcolor=chart.colours.background + _VEIL, **side,
        )  # fmt: skip


def _add_dense(chart: _Chart) -> None:
    run = chart.members(None)
    if len(run):
        look = {"marker": {"color": DENSE_COLOUR, "size": 10, "symbol": "circle"}, "mode": "markers"}
        _add_points(chart, run.iloc[:1], name="Dense", **look)


def _add_ring(chart: _Chart, selected: str) -> None:
    runs = chart.runs[chart.runs["id"] == selected].dropna(subset=[ACROSS])
    chart.figure.add_scatter(
        x=runs[ACROSS].tolist(),
        y=runs[chart.measure.column].tolist(),
        mode="markers",
        marker={"symbol": "circle-open", "size": 18, "color": ACCENT, "line": {"width": 2.5}},
        hoverinfo="skip",
        showlegend=False,
    )


def _add_series(chart: _Chart, series: Series) -> None:
    runs = chart.members(series)
    if runs.empty:
        return
    look = {"line": chart.lines[series], "legendgroup": repr(_pruned(series)), "showlegend": False}
    _add_first_stretch(chart, runs, look)
    marker = series_marker(series, runs["state"].isin(("queued", "running")))
    _add_points(chart, runs, name=chart.titles[series], mode="lines+markers", marker=marker, **look)


def _pruned(series: Series) -> Series:
    """Return what a curve shares with those of networks that were pruned like it and retrained otherwise."""
    return replace(series, retraining=None)


def _add_legend(chart: _Chart) -> None:
    """Name what was pruned how, each once, and then how it was retrained: together that names every curve.

    To click on the first hides all curves of that kind.
    """
    nothing: dict[str, Any] = {"x": [None], "y": [None], "hoverinfo": "skip"}
    drawn = {_pruned(one): chart.lines[one] for one in reversed(list(chart.titles))}
    for one, title in titles(drawn).items():
        line = drawn[one] | {"dash": "dash" if one.control else "solid"}
        marker = series_marker(one, pd.Series([False]))
        look = {"mode": "lines+markers", "line": line, "marker": marker, "legendgroup": repr(one)}
        chart.figure.add_scatter(name=title, **look, **nothing)
    for words, dash in _ways(chart).items():
        line = {"color": chart.colours.muted, "width": 2, "dash": dash}
        chart.figure.add_scatter(name=words, mode="lines", line=line, **nothing)


def _ways(chart: _Chart) -> dict[str, str]:
    """Return the dash of each way of retraining, by its words; nothing where nothing was retrained."""
    curves = {one.retraining: chart.lines[one]["dash"] for one in chart.titles if not one.control}
    if not any(curves):
        return {}
    plain = next(one for one in chart.titles if not one.control)
    words = titles(replace(plain, retraining=way) for way in curves)
    return {title.partition(", ")[2] or "as pruned": curves[one.retraining] for one, title in words.items()}


def _add_first_stretch(chart: _Chart, runs: pd.DataFrame, look: Mapping[str, Any]) -> None:
    """Draw a curve from where it begins to its first point: what it begins at is not one of its points."""
    first = runs.iloc[-1:] if chart.axis.cost else runs.iloc[:1]
    stretch = pd.concat([beginning(chart.runs, runs), first]).dropna(subset=[ACROSS])
    if len(stretch) > 1:
        x, y = stretch[ACROSS].tolist(), stretch[chart.measure.column].tolist()
        chart.figure.add_scatter(x=x, y=y, mode="lines", hoverinfo="skip", **look)


def _add_points(chart: _Chart, runs: pd.DataFrame, **look: Any) -> None:
    chart.figure.add_scatter(
        x=runs[ACROSS].tolist(),
        y=runs[chart.measure.column].tolist(),
        error_y=_error_bars(runs, chart.measure),
        customdata=runs["id"].tolist(),
        hovertext=[hover_text(run) for _, run in runs.iterrows()],
        hovertemplate="%{hovertext}<extra></extra>",
        **look,
    )


def _error_bars(runs: pd.DataFrame, measure: Measure) -> dict[str, Any] | None:
    if measure.bounds is None:
        return None
    low, high = (runs[name].astype(float) for name in measure.bounds)
    value = runs[measure.column].astype(float)
    return {
        "type": "data",
        "symmetric": False,
        "array": (high - value).tolist(),
        "arrayminus": (value - low).tolist(),
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
