"""Accuracy against what was pruned: runs become curves, a run's layers become bars."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.figures.theme import ACCENT, DENSE_COLOUR, TECHNIQUE_COLOURS, Palette, palette, template
from core.layer_names import INCEPTION_CONVS
from core.series import Series, titles
from core.words import between, count, percent, points, points_between, probability

HEIGHT = 460  # pixels
LAYERS_HEIGHT = 190
_MARKERS = {"l1": "circle", "l2": "square", "random": "x-thin-open"}
_OTHER_MARKER = "diamond"
_DASHES = {("local", False): "solid", ("global", False): "dash", ("local", True): "dot", ("global", True): "dashdot"}
_UNFINISHED = 0.45  # opacity of a point that is still being measured


@dataclass(frozen=True)
class Measure:
    """What is drawn upwards: a column of `runs_frame`, its bounds if it has any, and what guessing would score."""

    column: str
    title: str
    share: bool
    chance: Callable[[int], float]  # number of classes -> its value for a network that guesses

    @property
    def bounds(self) -> tuple[str, str] | None:
        """The columns of its 95 % interval."""
        return (f"{self.column}_low", f"{self.column}_high") if self.share else None


MEASURES: dict[str, Measure] = {
    "top-1": Measure("top1", "Top-1 accuracy", True, lambda classes: 1 / classes),
    "top-5": Measure("top5", "Top-5 accuracy", True, lambda classes: min(1.0, 5 / classes)),
    "loss": Measure("loss", "Loss (cross-entropy, nats)", False, lambda classes: math.log(classes)),
}

AXES: dict[str, str] = {
    "rate": "Nominal rate (share asked to be removed)",
    "sparsity": "Sparsity (share really removed of the prunable weights)",
}
COLUMNS = {"rate": "rate", "sparsity": "sparsity_prunable"}


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

    `runs` has the columns of `runs_frame` and `series` (core.series.with_series); the dense run, if measured, is
    drawn as a level with its interval and begins every curve. Each point's customdata is its run id; a ring is drawn
    around the `selected` one.
    """
    measure, column, colours = MEASURES[y], COLUMNS[x], palette(dark)
    measured = runs.reindex(columns=runs.columns.union([measure.column, column], sort=False))
    measured = measured.dropna(subset=[measure.column, column])
    dense = measured[measured["series"].isna()]
    figure = go.Figure()
    _style(figure, measured, measure, column, AXES[x], dark)
    _add_chance(figure, measure.chance(classes), colours)
    if len(dense):
        _add_dense(figure, dense.iloc[0], measure, colours)
    for series, title in titles(measured["series"].dropna()).items():
        members = measured[measured["series"] == series].sort_values(column)
        _add_series(figure, series, title, members, dense, measure, column)
    _add_ring(figure, measured[measured["id"] == selected], measure, column)
    return figure


def _style(figure: go.Figure, runs: pd.DataFrame, measure: Measure, column: str, axis: str, dark: bool) -> None:
    legend = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "title": None}
    margin = {"l": 64, "r": 16, "t": 64, "b": 56}
    figure.update_layout(
        template=template(dark), height=HEIGHT, legend=legend, margin=margin, hovermode="closest", uirevision=column
    )
    figure.update_layout(clickmode="event+select", dragmode="zoom", modebar=_quiet(palette(dark)))
    last = float(runs[column].max()) if len(runs) and column in runs else 1.0
    last = 1.0 if not last > 0 else last
    figure.update_xaxes(
        title=axis_title(axis), range=[-0.03 * last, 1.06 * last], tickformat=".0%" if "spars" in column else None
    )
    figure.update_yaxes(title=axis_title(measure.title), rangemode="tozero")
    if measure.share:
        figure.update_yaxes(range=[0, 1.02], tickformat=".0%")


def axis_title(text: str) -> dict[str, Any]:
    """Return the title of an axis."""
    return {"text": text, "font": {"size": 14}}


def _quiet(colours: Palette) -> dict[str, str]:
    """Return how the buttons over a chart look: without a ground of their own."""
    return {"bgcolor": "rgba(0,0,0,0)", "color": colours.muted, "activecolor": colours.text}


def _add_chance(figure: go.Figure, level: float, colours: Palette) -> None:
    figure.add_hline(level, line={"color": colours.muted, "width": 1, "dash": "dot"}, layer="below")
    figure.add_annotation(text="chance", **_beside(level, colours.muted))


def _beside(level: float, colour: str) -> dict[str, Any]:
    """Return where a word on a level line stands: at the right end, just above the line."""
    return {
        "x": 1,
        "xref": "paper",
        "xanchor": "right",
        "y": level,
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12, "color": colour},
    }


def _add_dense(figure: go.Figure, run: pd.Series, measure: Measure, colours: Palette) -> None:
    value = float(run[measure.column])
    if measure.bounds:
        low, high = (float(run[name]) for name in measure.bounds)
        figure.add_hrect(low, high, fillcolor=DENSE_COLOUR, opacity=0.15, line_width=0, layer="below")
    figure.add_hline(value, line={"color": DENSE_COLOUR, "width": 1.5}, layer="below")
    words = f"dense {percent(value)}" if measure.share else f"dense {value:.2f}"
    figure.add_annotation(text=words, **_beside(value, colours.muted))
    figure.add_scatter(
        x=[0.0],
        y=[value],
        name="Dense",
        mode="markers",
        marker={"color": DENSE_COLOUR, "size": 10, "symbol": "circle"},
        error_y=_error_bars(run.to_frame().T, measure),
        customdata=[run["id"]],
        hovertext=[hover_text(run)],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _add_ring(figure: go.Figure, runs: pd.DataFrame, measure: Measure, column: str) -> None:
    figure.add_scatter(
        x=runs[column].where(runs["series"].notna(), 0.0).tolist(),
        y=runs[measure.column].tolist(),
        mode="markers",
        marker={"symbol": "circle-open", "size": 18, "color": ACCENT, "line": {"width": 2.5}},
        hoverinfo="skip",
        showlegend=False,
    )


def _add_series(
    figure: go.Figure,
    series: Series,
    title: str,
    runs: pd.DataFrame,
    dense: pd.DataFrame,
    measure: Measure,
    column: str,
) -> None:
    line = series_line(series)
    group = {"legendgroup": title, "hoverinfo": "skip", "mode": "lines", "line": line, "showlegend": False}
    start = dense[measure.column].iloc[:1].tolist()
    figure.add_scatter(x=[0.0] * len(start) + runs[column].tolist(), y=start + runs[measure.column].tolist(), **group)
    figure.add_scatter(
        x=runs[column].tolist(),
        y=runs[measure.column].tolist(),
        name=title,
        legendgroup=title,
        mode="lines+markers" if not len(dense) else "markers",
        line=line,
        marker=series_marker(series, runs["state"].isin(("queued", "running"))),
        error_y=_error_bars(runs, measure),
        customdata=runs["id"].tolist(),
        hovertext=[hover_text(run) for _, run in runs.iterrows()],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def series_line(series: Series) -> dict[str, Any]:
    """Return the line of a curve: the technique's colour, a dash for the scope and the form."""
    colour = TECHNIQUE_COLOURS.get(series.technique, DENSE_COLOUR)
    return {"color": colour, "width": 2, "dash": _DASHES[series.scope, series.form == "published"]}


def series_marker(series: Series, unfinished: pd.Series) -> dict[str, Any]:
    """Return the markers of a curve's points: a symbol for the criterion, paler where a run is not finished."""
    return {
        "color": TECHNIQUE_COLOURS.get(series.technique, DENSE_COLOUR),
        "size": 9,
        "symbol": _MARKERS.get(series.criterion, _OTHER_MARKER),
        "opacity": np.where(unfinished, _UNFINISHED, 1.0).tolist(),
    }


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


def hover_text(run: pd.Series | Mapping[str, Any]) -> str:
    """Return all figures of a run (a row of `runs_frame` with `series`) as lines for a hover."""
    return "<br>".join(f"{name} {value}".strip() for name, value in figures_of(run))


def figures_of(run: pd.Series | Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the figures of a run as pairs of words and value, the first the run itself."""
    series = run.get("series")
    name = "<b>Dense</b>" if series is None else f"<b>{_name(series)}</b>"
    found = [(name, "" if series is None else f"rate {run['rate']:.2f}")]
    found += [
        ("top-1", f"{percent(run['top1'])} ({between(run['top1_low'], run['top1_high'])})"),
        ("top-5", f"{percent(run['top5'])} ({between(run['top5_low'], run['top5_high'])})"),
        ("loss", f"{run['loss']:.3f}"),
    ]
    if not math.isnan(run.get("change", math.nan)):
        change = points_between(run["change_low"], run["change_high"])
        found.append(("against dense", f"{points(run['change'])} ({change}), {probability(run['mcnemar_p'])}"))
    if series is not None:
        found.append(("sparsity", _sparsities(run)))
    return [*found, ("on", count(int(run["images"]), "image") + (", shipped" if run.get("shipped") else ""))]


def _name(series: Series) -> str:
    return ", ".join(words for words in series.parts.values() if words)


def _sparsities(run: pd.Series | Mapping[str, Any]) -> str:
    named = {"prunable": "prunable", "conv": "convs", "all": "all weights"}
    return ", ".join(f"{percent(run.get(f'sparsity_{key}', math.nan))} of {words}" for key, words in named.items())


def layer_bars(
    layers: Mapping[str, float], technique: str | None, *, dark: bool = False, height: int = 190
) -> go.Figure:
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
