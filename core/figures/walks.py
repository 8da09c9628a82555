"""Insertion and deletion curves of several networks, and how agreement falls as layers are randomised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.figures.theme import ACCENT, DENSE_COLOUR, TECHNIQUE_COLOURS, palette, template
from core.interpretability.measures.agreement import AGREEMENT

_HEIGHT = 330  # pixels
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_COLOURS = (ACCENT, *TECHNIQUE_COLOURS.values())


@dataclass(frozen=True, eq=False)
class Curve:
    """One network's two curves: the share of the pixels changed, and the class's probability, each (points,)."""

    title: str
    technique: str  # "" for the dense network
    shares: NDArray[np.float64]
    insertion: NDArray[np.float64]
    deletion: NDArray[np.float64]


def walk_curves(curves: Sequence[Curve], dark: bool) -> go.Figure:
    """Return insertion and deletion side by side, in the techniques' colours, a second network of one dashed."""
    titles = ("Insertion: the sooner it rises, the better", "Deletion: the sooner it falls, the better")
    figure = make_subplots(1, 2, shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.04)
    for curve, dash in zip(curves, _dashes(curves), strict=True):
        for column, values in enumerate((curve.insertion, curve.deletion), start=1):
            figure.add_trace(_line(curve, values, dash, column == 1), 1, column)
    figure.update_layout(template=template(dark), height=_HEIGHT, margin={"l": 56, "r": 24, "t": 28, "b": 84})
    figure.update_layout(legend={"orientation": "h", "y": -0.28, "yanchor": "top"})
    title = {"text": "share of the pixels changed", "font": {"size": 13}, "standoff": 4}
    figure.update_xaxes(title=title, tickformat=".0%", range=[0, 1], fixedrange=True)
    figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%", fixedrange=True)
    figure.update_yaxes(title={"text": "probability of the class", "font": {"size": 13}}, col=1)
    figure.update_annotations(font={"size": 13, "color": palette(dark).muted})
    return figure


def cascade_curves(steps: Sequence[str], scores: Mapping[str, Sequence[float]], dark: bool) -> go.Figure:
    """Return each measure of agreement with the trained network's map after each step of randomisation."""
    figure = go.Figure(
        [
            go.Scatter(
                x=list(range(len(steps))),
                y=list(scores[name]),
                name=measure.short,
                mode="lines+markers",
                line={"color": colour, "dash": dash},
                hovertemplate=f"{measure.short} %{{y:.2f}}<extra>%{{text}}</extra>",
                text=list(steps),
            )
            for (name, measure), colour, dash in zip(AGREEMENT.items(), _COLOURS, _DASHES, strict=False)
        ]
    )
    figure.update_layout(template=template(dark), height=_HEIGHT, margin={"l": 56, "r": 8, "t": 8, "b": 96})
    figure.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}, hovermode="x")
    figure.update_xaxes(tickvals=list(range(len(steps))), ticktext=list(steps), tickangle=-45, fixedrange=True)
    figure.update_yaxes(title={"text": "agreement", "font": {"size": 13}}, fixedrange=True)
    return figure


def _dashes(curves: Sequence[Curve]) -> list[str]:
    """Return a dash for each curve: the first of a technique is solid."""
    before = [sum(other.technique == one.technique for other in curves[:place]) for place, one in enumerate(curves)]
    return [_DASHES[count % len(_DASHES)] for count in before]


def _line(curve: Curve, values: NDArray[np.float64], dash: str, in_legend: bool) -> go.Scatter:
    colour = TECHNIQUE_COLOURS.get(curve.technique, DENSE_COLOUR)
    return go.Scatter(
        x=curve.shares,
        y=values,
        name=curve.title,
        legendgroup=curve.title,
        showlegend=in_legend,
        mode="lines",
        line={"color": colour, "dash": dash, "width": 2},
        hovertemplate=f"{curve.title}: %{{y:.1%}} at %{{x:.0%}}<extra></extra>",
    )
