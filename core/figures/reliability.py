"""How often a network is right when it is how sure: the dense one beside the pruned one."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS, palette, template
from core.words import between, count, percent

HEIGHT = 460  # pixels


def reliability_diagram(
    dense: pd.DataFrame, pruned: pd.DataFrame, titles: tuple[str, str], technique: str, *, dark: bool = False
) -> go.Figure:
    """Return the accuracy of each bin of confidence (`reliability`) of two networks, below how many images it holds.

    A point lies at the mean confidence of its bin, with Wilson's 95 % interval; calibrated points lie on the dotted
    line, overconfident ones below it.
    """
    figure = make_subplots(2, 2, shared_xaxes=True, shared_yaxes=True, row_heights=[0.76, 0.24], subplot_titles=titles,
                           vertical_spacing=0.05, horizontal_spacing=0.05)  # fmt: skip
    colours = DENSE_COLOUR, TECHNIQUE_COLOURS.get(technique, DENSE_COLOUR)
    for column, (table, colour) in enumerate(zip((dense, pruned), colours, strict=True), start=1):
        figure.add_trace(_diagonal(dark), 1, column)
        figure.add_trace(_points(table[table["images"] > 0], colour), 1, column)
        figure.add_trace(_histogram(table, colour), 2, column)
        figure.update_xaxes(title="Confidence", row=2, col=column)
    return _styled(figure, max(1, dense["images"].max(), pruned["images"].max()), dark)


def _diagonal(dark: bool) -> go.Scatter:
    line = {"color": palette(dark).muted, "width": 1, "dash": "dot"}
    return go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, hoverinfo="skip")


def _points(table: pd.DataFrame, colour: str) -> go.Scatter:
    return go.Scatter(
        x=table["confidence"].tolist(),
        y=table["accuracy"].tolist(),
        mode="lines+markers",
        line={"color": colour, "width": 1.5},
        marker={"color": colour, "size": 8},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": (table["accuracy_high"] - table["accuracy"]).tolist(),
            "arrayminus": (table["accuracy"] - table["accuracy_low"]).tolist(),
            "thickness": 1.2,
            "width": 3,
        },
        hovertext=[_hover(row) for row in table.to_dict("records")],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _hover(row: Any) -> str:
    lines = (
        f"<b>confidence {percent(row['confidence'])}</b> (bin {between(row['low'], row['high'])})",
        f"right {percent(row['accuracy'])} ({between(row['accuracy_low'], row['accuracy_high'])})",
        f"on {count(row['images'], 'image')}",
    )
    return "<br>".join(lines)


def _histogram(table: pd.DataFrame, colour: str) -> go.Bar:
    return go.Bar(
        x=((table["low"] + table["high"]) / 2).tolist(),
        y=table["images"].tolist(),
        width=(table["high"] - table["low"]).tolist(),
        marker={"color": colour, "opacity": 0.6, "line": {"width": 0}},
        customdata=[between(low, high) for low, high in zip(table["low"], table["high"], strict=True)],
        hovertemplate="confidence %{customdata}: %{y:,} images<extra></extra>",
    )


def _styled(figure: go.Figure, most: int, dark: bool) -> go.Figure:
    margin = {"l": 64, "r": 8, "t": 32, "b": 48}
    figure.update_layout(template=template(dark), height=HEIGHT, margin=margin, showlegend=False, bargap=0.1)
    figure.update_annotations(font={"size": 14, "color": palette(dark).text})
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%", fixedrange=True, zeroline=False, nticks=6)
    figure.update_yaxes(fixedrange=True, zeroline=False)
    figure.update_yaxes(title="Accuracy", range=[-0.03, 1.03], tickformat=".0%", row=1, col=1)
    figure.update_yaxes(title="Images", row=2, col=1)
    figure.update_yaxes(range=[0, 1.08 * most], nticks=3, row=2)
    return figure.update_yaxes(range=[-0.03, 1.03], row=1, col=2)
