"""How far a map agrees with the dense network's, between what a network that knows nothing scores and a whole match."""

from __future__ import annotations

import math
from collections.abc import Mapping

import plotly.graph_objects as go

from core.figures.theme import ACCENT, palette, template
from core.interpretability.measures.agreement import AGREEMENT
from core.words import NOT_KNOWN

Scores = Mapping[str, float]  # by measure

RANDOMISED, OTHER = "randomised network", "another image"
_SYMBOLS = {RANDOMISED: "diamond-open", OTHER: "line-ns-open"}
_LOWEST = -0.5  # where the axis begins: what lies below is drawn there, its number says what it is
_ROW = 21  # pixels
_MARGIN = {"l": 86, "r": 40, "t": 2, "b": 2}


def agreement_chart(scores: Scores | None, yardsticks: Mapping[str, Scores], dark: bool) -> go.Figure:
    """Return one row a measure: a dot for the score, on a line that ends at 1, beside the yardsticks.

    `scores` None draws the yardsticks alone; `yardsticks` by `RANDOMISED` and `OTHER`. NaN (a constant map) has no
    mark. The size does not depend on what is there, so that nothing jumps.
    """
    colours = palette(dark)
    rows = list(AGREEMENT)
    figure = go.Figure([_track(row, colours.grid) for row in range(len(rows))])
    for name, values in yardsticks.items():
        figure.add_trace(_marks(values, name, _SYMBOLS[name], 9, colours.muted))
    if scores is not None:
        figure.add_trace(_marks(scores, "this network", "circle", 10, ACCENT))
    figure.update_layout(
        template=template(dark), height=len(rows) * _ROW + 4, margin=_MARGIN, showlegend=False, font_size=12
    )
    figure.update_xaxes(visible=False, fixedrange=True, range=[_LOWEST - 0.15, 1.05])
    _label(figure, rows, scores)
    return figure


def _track(row: int, colour: str) -> go.Scatter:
    return go.Scatter(
        x=[_LOWEST, 0, 0, 0, 1],
        y=[row, row, row - 0.3, row, row],
        mode="lines",
        line={"color": colour, "width": 2},
        hoverinfo="skip",
    )


def _marks(scores: Scores, name: str, symbol: str, size: int, colour: str) -> go.Scatter:
    known = [(row, measure) for row, measure in enumerate(AGREEMENT) if not math.isnan(scores.get(measure, math.nan))]
    return go.Scatter(
        x=[max(_LOWEST, scores[measure]) for _, measure in known],
        y=[row for row, _ in known],
        mode="markers",
        marker={"symbol": symbol, "size": size, "color": colour, "line": {"width": 2, "color": colour}},
        customdata=[scores[measure] for _, measure in known],
        hovertemplate=f"{name}: %{{customdata:.2f}}<extra></extra>",
        cliponaxis=False,
    )


def _label(figure: go.Figure, rows: list[str], scores: Scores | None) -> None:
    figure.update_yaxes(
        range=[len(rows) - 0.5, -0.5],
        fixedrange=True,
        showgrid=False,
        zeroline=False,
        tickvals=list(range(len(rows))),
        ticktext=[AGREEMENT[name].short for name in rows],
    )
    for row, name in enumerate(rows if scores is not None else ()):
        text = number(scores.get(name, math.nan)) if scores is not None else ""
        figure.add_annotation(
            x=1, xref="paper", y=row, text=text, showarrow=False, xanchor="left", xshift=8, font={"size": 12}
        )


def number(score: float) -> str:
    """Return a score as "0.83", with a true minus sign."""
    return NOT_KNOWN if math.isnan(score) else f"{round(score, 2) + 0.0:.2f}".replace("-", "−")
