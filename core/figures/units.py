"""How the scores of units are distributed in each network: a violin a network, over the rate."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.figures.colours import rgb
from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS, palette, template
from core.figures.unit_scales import ScoreScale, score_text
from core.series import Series, titles
from core.words import count, percent

HEIGHT = 440  # pixels
INTERVAL = "95 % over the tasks, images and units as they are"  # what the interval of a mean score covers
_GAP = 0.6  # between two curves, in violins
_SLOTS = 5.0  # violins that the width has room for at least
_WIDE = 14  # networks from which on there is no room for how many of the units are live
_PALE, _FULL = 0.16, 0.4  # opacity of the violin of a retrained network, and of one that is as it was pruned

Row = Mapping[Hashable, Any]


@dataclass(frozen=True)
class Score:
    """What is drawn of each unit: a column of `unit_frame`, and its name with the encoder in it."""

    column: str  # "mis" or "hard"
    title: str
    scale: ScoreScale = field(default_factory=ScoreScale)


def score_violins(
    table: pd.DataFrame,
    units: Mapping[str, pd.DataFrame],
    score: Score,
    randomised: float | None = None,
    *,
    dark: bool = False,
) -> go.Figure:
    """Return a violin a network of the scores of its live units, curve by curve by rising rate.

    `table` is a `network_table`, `units` has each network's `unit_frame` (or a part of it) by run id. A line marks the
    median, a diamond the mean with its interval; the pale violins are of retrained or re-calibrated networks. A dotted
    level is the mean of a `randomised` network, if it is known.
    """
    rows = table.to_dict("records")
    places = _places(rows)
    figure = go.Figure(
        [
            *(_violin(row, at, units[row["id"]], score) for row, at in zip(rows, places, strict=True)),
            _medians(rows, places, units, score, palette(dark).text),
            _means(rows, places, units, score, palette(dark).text),
            *_yardstick(randomised, score, _across(places), palette(dark).muted),
            *_legend(table),
        ]
    )
    figure.update_layout(template=template(dark), **_layout(), violinmode="overlay")
    figure.update_yaxes(**score.scale.axis(score.title, *_drawn(rows, units, score, randomised)), fixedrange=True)
    texts = [network_tick(row, live=len(rows) < _WIDE) for row in rows]
    return figure.update_xaxes(tickvals=places, ticktext=texts, range=_across(places), showgrid=False, fixedrange=True)


def _places(rows: Sequence[Row]) -> list[float]:
    """Return where networks stand: side by side, with a gap between two curves."""
    places: list[float] = []
    for row, before in zip(rows, [None, *rows], strict=False):
        step = 0.0 if before is None else 1.0 if before["series"] == row["series"] else 1.0 + _GAP
        places.append((places[-1] if places else 0.0) + step)
    return places


def _across(places: Sequence[float]) -> list[float]:
    """Return where the axis of the networks begins and ends: with few of them the violins do not get wider."""
    last = places[-1] if places else 0.0
    room = max(0.7, (_SLOTS - last) / 2)
    return [-room, last + room]


def _layout() -> dict[str, Any]:
    return {
        "height": HEIGHT,
        "margin": {"l": 64, "r": 12, "t": 40, "b": 56},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        "hovermode": "closest",
    }


def _violin(row: Row, place: float, units: pd.DataFrame, score: Score) -> go.Violin:
    values, colour = _live(units, score), _colour(row["series"])
    return go.Violin(
        x0=place,
        y=score.scale.place(values),
        width=0.9,
        spanmode="hard",
        bandwidth=score.scale.stride or None,  # narrower, a shape would fall apart into its steps
        points=False,
        line={"color": colour, "width": 1.2},
        fillcolor=_faded(colour, _PALE if _is_retrained(row["series"]) else _FULL),
        hoverinfo="skip",
        showlegend=False,
    )


def _medians(
    rows: Sequence[Row], places: Sequence[float], units: Mapping[str, pd.DataFrame], score: Score, ink: str
) -> go.Scatter:
    """Draw a bar at each network's median, as wide as half a violin."""
    middles = [float(_live(units[row["id"]], score).median()) for row in rows]
    x = [end for place in places for end in (place - 0.24, place + 0.24, None)]
    y = [end for middle in middles for end in (*[float(score.scale.place(middle))] * 2, None)]
    line = {"color": ink, "width": 2.5}
    return go.Scatter(x=x, y=y, mode="lines", line=line, name="median", hoverinfo="skip")


def _means(
    rows: Sequence[Row], places: Sequence[float], units: Mapping[str, pd.DataFrame], score: Score, ink: str
) -> go.Scatter:
    means = [float(_live(units[row["id"]], score).mean()) for row in rows]
    return go.Scatter(
        x=list(places),
        y=score.scale.place(means),
        error_y=_interval(rows, means, score),
        mode="markers",
        marker={"symbol": "diamond", "size": 8, "color": ink},
        name="mean",
        customdata=[row["id"] for row in rows],
        hovertext=[_hover(row, units[row["id"]], score) for row in rows],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _drawn(
    rows: Sequence[Row], units: Mapping[str, pd.DataFrame], score: Score, randomised: float | None
) -> tuple[float, float]:
    """Return the lowest and the highest score that is drawn; the ends of the scale where none is."""
    known = [value for row in rows for value in _live(units[row["id"]], score).agg(["min", "max"]).dropna()]
    known += [] if randomised is None else [randomised]
    return (min(known), max(known)) if known else (0.0, 1.0)


def _yardstick(randomised: float | None, score: Score, ends: Sequence[float], ink: str) -> list[go.Scatter]:
    """Return the mean score of a network with fresh random weights as a level that the legend names, if it is known."""
    if randomised is None:
        return []
    level = [float(score.scale.place(randomised))] * 2
    line, name = {"color": ink, "width": 1.5, "dash": "dot"}, f"randomised network {score_text(randomised)}"
    return [go.Scatter(x=list(ends), y=level, mode="lines", line=line, name=name, hoverinfo="skip")]


def _interval(rows: Sequence[Row], means: Sequence[float], score: Score) -> dict[str, Any] | None:
    """Return the error bars of the mean; the hard score has none."""
    if score.column != "mis":
        return None
    place = score.scale.place
    low, high = (place([row[name] for row in rows]) for name in ("mis_low", "mis_high"))
    middle = place(means)
    return {"type": "data", "symmetric": False, "array": high - middle, "arrayminus": middle - low, "thickness": 1.4}


def _hover(row: Row, units: pd.DataFrame, score: Score) -> str:
    values = _live(units, score)
    interval = (row["mis_low"], row["mis_high"]) if score.column == "mis" else (math.nan, math.nan)
    lines = (
        f"<b>{network_name(row)}</b>",
        f"{score.title}",
        f"mean {score_text(float(values.mean()), *interval)}",
        *([INTERVAL] if score.column == "mis" else []),
        f"median {score_text(float(values.median()))}",
        f"a quarter below {score_text(float(values.quantile(0.25)))}",
        f"{len(values):,} live, {len(units) - len(values):,} constant of {count(len(units), 'unit')}",
        f"top-1 {percent(row['top1'])}",
    )
    return "<br>".join(lines)


def network_name(row: Row) -> str:
    """Return what a network (a row of `network_table`) is: "Structured 0.10, retrained 2 epochs by SGD"."""
    title, series = str(row["title"]), row["series"]
    how = "" if series is None else series.parts["retraining"]
    if not how or how in title:
        return title
    return f"{title.removesuffix(', retrained').removesuffix(', re-calibrated')}, {how}"


def network_tick(row: Row, *, live: bool) -> str:
    """Return what stands under a network: its rate, and on a second line how many of its units are live."""
    series = row["series"]
    first = (
        str(row["title"]).partition(",")[0].lower()
        if series is None
        else "control"
        if series.control
        else f"{row['rate']:.2f}"
    )
    return f"{first}<br>{row['live']:,.0f} live" if live and not math.isnan(row["live"]) else first


def _live(units: pd.DataFrame, score: Score) -> pd.Series:
    return units.loc[~units["constant"], score.column]


def _legend(table: pd.DataFrame) -> list[go.Scatter]:
    """Return a square a curve, that the legend names; the dense network stands for itself."""
    names = titles(table["series"].dropna())
    return [
        go.Scatter(
            x=[None],
            y=[None],
            mode="markers",
            marker={
                "symbol": "square",
                "size": 11,
                "color": _faded(_colour(series), _PALE if _is_retrained(series) else _FULL),
                "line": {"color": _colour(series), "width": 1.2},
            },
            name=name,
            hoverinfo="skip",
        )
        for series, name in names.items()
    ]


def _is_retrained(series: Series | None) -> bool:
    return series is not None and series.retraining is not None


def _colour(series: Series | None) -> str:
    return TECHNIQUE_COLOURS.get(series.technique, DENSE_COLOUR) if series else DENSE_COLOUR


def _faded(colour: str, opacity: float) -> str:
    return f"rgba({','.join(map(str, rgb(colour)))},{opacity})"
