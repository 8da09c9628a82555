"""Networks that were pruned elsewhere, drawn over the curves of another."""

from __future__ import annotations

import html
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.figures.axes import ACROSS, AXES, MEASURES, Measure
from core.figures.hover import Row, figures_of, sparsities
from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS
from core.pruned_elsewhere import looks_in_words

_SIZE = 13  # pixels
_BY_SPARSITY = "sparsity"  # the axis that stands for one of what is removed: nobody knows what was asked for


def placed_elsewhere(rows: pd.DataFrame, x: str) -> pd.DataFrame:
    """Return the networks (`Beside.rows`) with a column `across`: where on the axis each is, NaN if unknown.

    On the axis of nominal rates that is their sparsity over the prunable weights: no rate is known.
    """
    axis = AXES[x] if AXES[x].cost else AXES[_BY_SPARSITY]
    known = rows.reindex(columns=list(axis.columns)).astype(float)
    return rows.assign(**{ACROSS: known.bfill(axis=1).iloc[:, 0]})


def with_elsewhere(figure: go.Figure, rows: pd.DataFrame, *, x: str, y: str = "top-1") -> go.Figure:
    """Add networks that were pruned elsewhere to the figure that `tradeoff_curves` drew, an open diamond each.

    In the colour of the technique that their zeros look like, grey if of none. Customdata is the run id.
    """
    measure = MEASURES[y]
    placed = placed_elsewhere(rows, x).reindex(columns=[*rows.columns.union([measure.column], sort=False), ACROSS])
    points = placed.dropna(subset=[ACROSS, measure.column]).to_dict("records")
    figure.add_traces([_point(row, measure) for row in points])
    return _with_room(figure, points, measure)


def _point(row: Row, measure: Measure) -> go.Scatter:
    value = float(row[measure.column])
    colour = TECHNIQUE_COLOURS.get(row["looks"], DENSE_COLOUR)
    return go.Scatter(
        x=[row[ACROSS]],
        y=[value],
        name=html.escape(row["title"]),
        mode="markers",
        marker={"symbol": "diamond-open", "size": _SIZE, "color": colour, "line": {"width": 2.5}},
        error_y=_error_bar(row, measure),
        customdata=[row["id"]],
        hovertext=[_hover(row)],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _error_bar(row: Row, measure: Measure) -> dict[str, Any] | None:
    if measure.bounds is None:
        return None
    low, high = (float(row[bound]) for bound in measure.bounds)
    value = float(row[measure.column])
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value],
        "arrayminus": [value - low],
        "thickness": 1.2,
        "width": 3,
    }


def _hover(row: Row) -> str:
    """Return its figures as lines; its zeros take the place of a rate."""
    _, *figures = (pair for pair in figures_of(row) if pair[0] not in ("zeros", "sparsity"))
    own = [(f"<b>{html.escape(row['title'])}</b>", ""), ("zeros", looks_in_words(row["looks"]))]
    return "<br>".join(f"{name} {value}".strip() for name, value in [*own, ("sparsity", sparsities(row)), *figures])


def _with_room(figure: go.Figure, points: list[dict[Any, Any]], measure: Measure) -> go.Figure:
    """Widen the axes where a network lies beyond them."""
    across = max((float(point[ACROSS]) for point in points), default=0.0)
    up = max((float(point[measure.column]) for point in points), default=0.0)
    low, high = figure.layout.xaxis.range
    figure.layout.xaxis.range = [low, max(high, 1.06 * across)]
    if not measure.share:
        bottom, top = figure.layout.yaxis.range
        figure.layout.yaxis.range = [bottom, max(top, 1.08 * up)]
    return figure
