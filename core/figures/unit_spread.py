"""What one unit does over all images in several networks: how its activations spread, and its classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS, palette, template
from core.words import shortened

_BINS = 40
_TALLEST = 0.72  # of a row
_ROW, _AXIS = 78, 44  # pixels
_BAR = 22
_NAME, _CHARACTER = 20, 6.5  # characters of a class name, pixels of one


@dataclass(frozen=True, eq=False)
class Spread:
    """The activations of a unit in one network; of a constant unit only where it stands."""

    title: str
    technique: str  # of TECHNIQUE_COLOURS; empty: the dense network
    sample: NDArray[np.float32]  # (s,), on the first images of the order
    top: NDArray[np.float32]  # the highest of all images
    bottom: NDArray[np.float32]
    mean: float
    constant: bool


@dataclass(frozen=True, eq=False)
class Favours:
    """How a unit's mean activation on each class lies from its mean on all images, in deviations over the images."""

    title: str
    technique: str
    means: NDArray[np.float64]  # (classes,), NaN for a class without image
    standardised: NDArray[np.float64]  # (classes,)


def activation_spread(networks: Sequence[Spread], *, dark: bool = False) -> go.Figure:
    """Return one row a network: the histogram of its sample, its mean, and ticks where its exemplars lie.

    All rows share the axis and the bins; each histogram is as high as its own fullest bin.
    """
    edges = _edges(networks)
    figure = go.Figure()
    for row, network in enumerate(networks):
        base, colour = row + 0.8, _colour(network.technique)
        if network.constant:
            figure.add_annotation(**_constant(network, base, colour))
            continue
        figure.add_trace(_histogram(network, edges, base, colour))
        figure.add_traces(_extremes(network, base, colour))
        figure.add_trace(_mean(network, base, dark))
    height = len(networks) * _ROW + _AXIS
    figure.update_layout(template=template(dark), height=height, showlegend=False, font_size=12, margin_b=_AXIS)
    figure.update_xaxes(title="activation", fixedrange=True, zeroline=True)
    _label_rows(figure, [network.title for network in networks])
    return figure


def favoured_classes(networks: Sequence[Favours], *, most: int = 5) -> list[int]:
    """Return the classes that stand among the `most` favoured of any network, in the order of the first network's."""
    chosen = {label for one in networks for label in _ranked(one.standardised)[:most].tolist()}
    first = networks[0].standardised
    return sorted(chosen, key=lambda label: -np.nan_to_num(first[label], nan=-np.inf))


def class_bars(
    networks: Sequence[Favours], labels: Sequence[int], names: Sequence[str], *, dark: bool = False
) -> go.Figure:
    """Return a panel a network with a bar for each class of `labels`, all on one axis."""
    figure = make_subplots(
        1, len(networks), shared_yaxes=True, shared_xaxes="all", horizontal_spacing=0.02,
        subplot_titles=[one.title for one in networks],
    )  # fmt: skip
    for column, network in enumerate(networks, start=1):
        figure.add_trace(_class_bars(network, labels, names), 1, column)
    figure.update_layout(
        template=template(dark), height=len(labels) * _BAR + 28 + _AXIS, showlegend=False, bargap=0.3, font_size=12,
        margin={"l": 8 + _CHARACTER * _NAME, "r": 8, "t": 28, "b": _AXIS},
    )  # fmt: skip
    figure.update_annotations(font={"size": 12, "color": palette(dark).muted})
    figure.update_xaxes(fixedrange=True, zeroline=True, zerolinecolor=palette(dark).muted)
    figure.update_xaxes(title="deviations from its mean", col=(len(networks) + 1) // 2)
    figure.update_yaxes(fixedrange=True, showgrid=False, zeroline=False, range=[len(labels) - 0.5, -0.5])
    figure.update_yaxes(
        tickvals=list(range(len(labels))),
        ticktext=[f"{shortened(names[label], _NAME)} " for label in labels],  # the space keeps off the bars
        col=1,
    )
    return figure


def _colour(technique: str) -> str:
    return TECHNIQUE_COLOURS.get(technique, DENSE_COLOUR)


def _edges(networks: Sequence[Spread]) -> NDArray[np.float64]:
    """Return common edges of the bins, from the lowest to the highest value of all networks that vary."""
    values = [part for one in networks if not one.constant for part in (one.sample, one.top, one.bottom)]
    if not values:
        return np.linspace(0.0, 1.0, _BINS + 1)
    every = np.concatenate(values)
    return np.linspace(float(every.min()), float(every.max()), _BINS + 1)


def _histogram(network: Spread, edges: NDArray[np.float64], base: float, colour: str) -> go.Scatter:
    """Return the outline of the histogram, filled: bars of one network need no gaps."""
    counts, _ = np.histogram(network.sample, edges)
    heights = counts / max(1, counts.max()) * _TALLEST
    x = np.repeat(edges, 2)
    y = base - np.concatenate([[0], np.repeat(heights, 2), [0]])
    return go.Scatter(
        x=x, y=y, mode="lines", line={"color": colour, "width": 1.5}, fill="toself", opacity=0.85,
        name=network.title, hoverinfo="skip",
    )  # fmt: skip


def _extremes(network: Spread, base: float, colour: str) -> list[go.Scatter]:
    return [
        go.Scatter(
            x=values,
            y=[base + 0.08] * len(values),
            mode="markers",
            marker={"symbol": "line-ns", "size": 9, "line": {"width": 1.5, "color": colour}},
            hovertemplate=f"{what} activating, {network.title}: %{{x:.3g}}<extra></extra>",
        )
        for what, values in (("most", network.top), ("least", network.bottom))
    ]


def _mean(network: Spread, base: float, dark: bool) -> go.Scatter:
    return go.Scatter(
        x=[network.mean],
        y=[base],
        mode="markers",
        marker={"symbol": "triangle-up", "size": 10, "color": palette(dark).text},
        hovertemplate=f"mean, {network.title}: %{{x:.3g}}<extra></extra>",
    )


def _constant(network: Spread, base: float, colour: str) -> dict[str, object]:
    """Return the words for a constant unit, where its histogram would be: its value may lie far from the others'."""
    return {
        "x": 0.5,
        "xref": "x domain",
        "y": base - _TALLEST / 2,
        "text": f"constant: {network.mean:.3g} on every image".replace("-", "−"),
        "showarrow": False,
        "font": {"color": colour},
    }


def _label_rows(figure: go.Figure, names: Sequence[str]) -> None:
    figure.update_yaxes(
        fixedrange=True,
        showgrid=False,
        zeroline=False,
        automargin=True,
        range=[len(names), 0],
        tickvals=[row + 0.6 for row in range(len(names))],
        ticktext=list(names),
    )


def _ranked(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the places of the values there are, the highest first."""
    order = np.argsort(-values, kind="stable")
    return order[~np.isnan(values[order])]


def _class_bars(network: Favours, labels: Sequence[int], names: Sequence[str]) -> go.Bar:
    return go.Bar(
        x=[network.standardised[label] for label in labels],
        y=list(range(len(labels))),
        orientation="h",
        marker={"color": _colour(network.technique), "line": {"width": 0}},
        customdata=[[names[label], network.means[label]] for label in labels],
        hovertemplate="%{customdata[0]}: mean %{customdata[1]:.3g}, %{x:+.2f} deviations<extra></extra>",
    )
