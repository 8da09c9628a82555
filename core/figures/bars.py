"""What a network says about one image: its most probable classes as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.figures.theme import ACCENT, Palette, palette, template
from core.words import shortened

ROWS = 5
_ROW = 26  # pixels
_LONGEST = 18  # characters of a class name before it is cut
_MARGIN = {"l": 116, "r": 46, "t": 4, "b": 4}  # names and figures have the same room in every tile


def top_bars(
    probabilities: NDArray[np.floating],
    names: Sequence[str],
    *,
    true_class: int | None = None,
    highlight: int | None = None,
    dark: bool = False,
    rows: int = ROWS,
) -> go.Figure:
    """Return the `rows` most probable classes of `probabilities` (classes,) as horizontal bars, the first on top.

    The true class is ticked, the bar of `highlight` (the class that a map is about) takes the accent colour; where it
    is none of the most probable, it stands in place of the last. The height depends on `rows` alone, so that nothing
    jumps; with fewer classes than rows there are fewer bars.
    """
    colours = palette(dark)
    order = np.argsort(-probabilities, kind="stable")[:rows]
    if highlight is not None and highlight not in order:
        order[-1] = highlight
    figure = go.Figure(_bars(probabilities, names, order, highlight, colours))
    figure.update_layout(template=template(dark), height=bars_height(rows), bargap=0.25, margin=_MARGIN, font_size=12)
    figure.update_xaxes(visible=False, fixedrange=True, range=[0, 1])
    labels = [_label(names[i], ticked=i == true_class) for i in order]
    figure.update_yaxes(
        range=[rows - 0.5, -0.5], fixedrange=True, showgrid=False, tickvals=list(range(len(order))), ticktext=labels
    )
    return figure


def bars_height(rows: int = ROWS) -> int:
    """Return how high the bars are, in pixels."""
    return rows * _ROW + 8


def _bars(
    probabilities: NDArray[np.floating],
    names: Sequence[str],
    order: NDArray[np.intp],
    highlight: int | None,
    colours: Palette,
) -> go.Bar:
    shares = [float(probabilities[i]) for i in order]
    return go.Bar(
        x=shares,
        y=list(range(len(order))),
        orientation="h",
        marker={"color": [ACCENT if i == highlight else colours.bar for i in order], "line": {"width": 0}},
        text=[f"{share:.1%}" for share in shares],
        textposition="outside",
        cliponaxis=False,
        customdata=[names[i] for i in order],
        hovertemplate="%{customdata}: %{x:.2%}<extra></extra>",
    )


def _label(name: str, *, ticked: bool) -> str:
    short = shortened(name, _LONGEST)
    return f"<b>✓ {short}</b>" if ticked else short
