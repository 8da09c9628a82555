"""How much each layer bears when it is pruned alone: a map of layers and rates."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.figures.theme import CIVIDIS, palette, template
from core.words import count, percent, points, points_between, probability

_ROW = 18  # pixels
_TICKS = (0, 1, 2, 5, 10, 20, 40, 60, 80)  # points

Row = Mapping[Hashable, Any]
Grid = Sequence[Sequence[Row | None]]  # a line a layer


def sensitivity_map(
    table: pd.DataFrame,
    layers: Sequence[str],
    rates: Sequence[float],
    chosen: Sequence[tuple[str, float]] = (),
    *,
    chance: float,
    dark: bool = False,
) -> go.Figure:
    """Return the drop of top-1 of each layer (down, in the order of the network) at each rate (across).

    `table` is a `sensitivity_table`, of which rows may be missing still. The colour runs from no drop to the drop to
    `chance` (a share), by its square root, so that small drops are told apart; each cell holds the change in points.
    A line runs to the right of what is `chosen` for each layer.
    """
    cells = {(row["layer"], row["rate"]): row for row in table.to_dict("records")}
    grid = [[cells.get((layer, rate)) for rate in rates] for layer in layers]
    limit = max(1.0, 100 * (float(table["dense"].max()) - chance)) if len(table) else 100.0
    figure = go.Figure(_map(grid, limit))
    _write(figure, grid, limit)
    _lay_out(figure, layers, rates, dark)
    _separate_blocks(figure, layers, dark)
    if chosen:
        _draw_chosen(figure, layers, rates, dict(chosen), dark)
    return figure


def layer_label(layer: str) -> str:
    """Return the short name of a layer: "3a.branch2.0"."""
    return layer.removeprefix("inception").removesuffix(".conv")


def _map(grid: Grid, limit: float) -> go.Heatmap:
    """Return the coloured cells; `limit` is the drop, in points, where the colours end."""
    ticks = [tick for tick in _TICKS if tick <= limit]
    return go.Heatmap(
        z=[[row and _shade(row) for row in line] for line in grid],
        zmin=0,
        zmax=math.sqrt(limit),
        colorscale=[[place / (len(CIVIDIS) - 1), colour] for place, colour in enumerate(CIVIDIS)],
        colorbar={
            "title": {"text": "drop, points", "side": "right"},
            "tickvals": [math.sqrt(tick) for tick in ticks],
            "ticktext": [str(tick) for tick in ticks],
            "thickness": 12,
            "len": 320,
            "lenmode": "pixels",
            "y": 1,
            "yanchor": "top",
            "outlinewidth": 0,
        },
        hovertext=[[row and _hover(row) for row in line] for line in grid],
        hovertemplate="%{hovertext}<extra></extra>",
        hoverongaps=False,
        xgap=1,
        ygap=1,
    )


def _write(figure: go.Figure, grid: Grid, limit: float) -> None:
    """Write the changes into the cells, in white on those of the dark half of the scale and in black on the others."""
    found = [(x, y, row) for y, line in enumerate(grid) for x, row in enumerate(line) if row]
    for bright, ink in ((False, "#FFFFFF"), (True, "#000000")):
        cells = [one for one in found if (_shade(one[2]) > math.sqrt(limit) / 2) is bright]
        figure.add_scatter(
            x=[x for x, _, _ in cells],
            y=[y for _, y, _ in cells],
            text=[_inside(row) for _, _, row in cells],
            mode="text",
            textfont={"size": 11, "color": ink},
            hoverinfo="skip",
            showlegend=False,
        )


def _shade(row: Row) -> float:
    """Return the place of a drop on the scale: the square root of its points; a gain is no drop."""
    return math.sqrt(max(0.0, -100 * row["change"]))


def _inside(row: Row) -> str:
    """Return the change in points; a plain 0 where the network answers no image differently."""
    change = f"{100 * row['change']:+.1f}" if row["change"] else "0.0"
    return change.replace("-", "−") if row["lost"] or row["gained"] else "0"


def _hover(row: Row) -> str:
    change = points_between(row["change_low"], row["change_high"])
    lines = (
        f"<b>{row['layer']}</b>",
        f"pruned alone at {row['rate']:.2f}",
        f"top-1 {percent(row['top1'])}, dense {percent(row['dense'])}",
        f"{points(row['change'])} ({change}), {probability(row['mcnemar_p'])}",
        f"{row['lost']:,} lost, {row['gained']:,} gained of {count(row['images'], 'image')}",
    )
    return "<br>".join(lines)


def _lay_out(figure: go.Figure, layers: Sequence[str], rates: Sequence[float], dark: bool) -> None:
    figure.update_layout(
        template=template(dark), height=len(layers) * _ROW + 64, margin={"l": 8, "r": 8, "t": 56, "b": 8}
    )
    figure.update_xaxes(
        title="rate at which the layer alone is pruned",
        side="top",
        tickvals=list(range(len(rates))),
        ticktext=[f"{rate:.2f}" for rate in rates],
        range=[-0.55, len(rates) - 0.45],
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )
    figure.update_yaxes(
        tickvals=list(range(len(layers))),
        ticktext=[layer_label(layer) for layer in layers],
        tickfont={"size": 11},
        range=[len(layers) - 0.5, -0.5],
        automargin=True,
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )


def _separate_blocks(figure: go.Figure, layers: Sequence[str], dark: bool) -> None:
    blocks = [layer.partition(".")[0] for layer in layers]
    for place in range(1, len(layers)):
        if blocks[place] != blocks[place - 1]:
            at, line = place - 0.5, {"color": palette(dark).background, "width": 4}
            figure.add_shape(type="line", xref="paper", x0=0, x1=1, y0=at, y1=at, line=line)


def _draw_chosen(
    figure: go.Figure, layers: Sequence[str], rates: Sequence[float], chosen: Mapping[str, float], dark: bool
) -> None:
    """Draw one line down the map, at the right end of what each layer bears; light on dark or dark on light cells."""
    places = {0.0: -0.5, **{rate: place + 0.5 for place, rate in enumerate(rates)}}
    x: list[float | None] = []
    y: list[float | None] = []
    for place, layer in enumerate(layers):
        at = places[chosen[layer]] if layer in chosen else None
        x, y = [*x, at, at], [*y, place - 0.5, place + 0.5]
    for colour, width in ((palette(dark).background, 6), (palette(dark).text, 2.5)):
        line = {"color": colour, "width": width}
        figure.add_scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False)
