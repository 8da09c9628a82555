"""The same units in the dense and in a pruned network: a dot a unit, beside the line where nothing changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from core.figures.theme import CIVIDIS, palette, template
from core.figures.unit_scales import ScoreScale
from core.figures.units import Score
from core.units.comparison import LIVE

HEIGHT = 560  # pixels
_COLUMNS = {  # of `matched`, what the hover says
    "mis": ("unit", "dense_mis", "mis", "change", "dense_mis_low", "dense_mis_high", "mis_low", "mis_high"),
    "hard": ("unit", "dense_hard", "hard", "hard_change"),
}
_RANGE = {False: (0.0, 0.88), True: (0.22, 1.0)}  # of cividis, what is seen on the ground of the theme


def matched_units(
    pairs: pd.DataFrame,
    other: str,
    score: Score,
    *,
    base: str = "dense",
    selected: tuple[str, int] | None = None,
    dark: bool = False,
) -> go.Figure:
    """Return a dot for each unit of `matched` that is live in both networks: `base` across, `other` upwards.

    A trace a layer, in the order of `drawn_layers`; a colour a block, from dark to light in the order of the network.
    Where scores come in steps, dots are moved by less than half a step. A ring is drawn around the `selected` unit.
    """
    scale = score.scale
    layers = {str(layer): rows for layer, rows in _drawn(pairs).groupby("layer", sort=False)}
    blocks = list(dict.fromkeys(str(rows["block"].iloc[0]) for rows in layers.values()))
    colours = dict(zip(blocks, _colours(len(blocks), dark), strict=True))
    named: set[str] = set()
    traces = [_dots(layer, rows, (base, other), score, colours, named) for layer, rows in layers.items()]
    figure = go.Figure([*traces, _identity(scale, palette(dark).muted), *_ring(pairs, selected, score, dark)])
    figure.update_layout(template=template(dark), **_layout())
    ends, title = _ends(pairs, score), score.title
    figure.update_xaxes(**scale.axis(f"{title}, {base}", *ends), constrain="domain", constraintoward="left")
    return figure.update_yaxes(**scale.axis(f"{title}, {other}", *ends), scaleanchor="x", constrain="domain")


def drawn_layers(pairs: pd.DataFrame) -> list[str]:
    """Return the layers that have a trace in `matched_units`, in the order of the traces."""
    return [str(layer) for layer in _drawn(pairs)["layer"].unique()]


def unit_at(pairs: pd.DataFrame, trace: int, point: int) -> tuple[str, int] | None:
    """Return the layer and the number of the unit of a dot, None for what is no dot."""
    layers = drawn_layers(pairs)
    if trace >= len(layers):
        return None
    units = _drawn(pairs).loc[lambda rows: rows["layer"] == layers[trace], "unit"]
    return layers[trace], int(units.iloc[point])


def _drawn(pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs[pairs["state"] == LIVE]


def _ends(pairs: pd.DataFrame, score: Score) -> tuple[float, float]:
    """Return the lowest and the highest score that is drawn; the ends of the scale where none is."""
    scores = _drawn(pairs)[[f"dense_{score.column}", score.column]].to_numpy(float)
    return (float(scores.min()), float(scores.max())) if scores.size else (0.0, 1.0)


def _colours(number: int, dark: bool) -> list[str]:
    low, high = _RANGE[dark]
    found: list[str] = sample_colorscale(list(CIVIDIS), np.linspace(low, high, number).tolist())
    return found


def _dots(
    layer: str, rows: pd.DataFrame, names: tuple[str, str], score: Score, colours: dict[str, str], named: set[str]
) -> go.Scattergl:
    """Return the dots of a layer; the first layer of a block stands for it in the legend."""
    block = str(rows["block"].iloc[0])
    first = block not in named
    named.add(block)
    return go.Scattergl(
        **_places(rows, score),
        mode="markers",
        marker={"size": 5, "opacity": 0.7, "color": colours[block], "line": {"width": 0}},
        name=block.removeprefix("inception"),
        legendgroup=block,
        showlegend=first,
        customdata=rows[list(_COLUMNS[score.column])].to_numpy(np.float32),
        hovertemplate=_hover(layer, names, score),
    )


def _places(rows: pd.DataFrame, score: Score) -> dict[str, Any]:
    """Return where the dots of units lie."""
    x, y = (score.scale.place(rows[column]) for column in (f"dense_{score.column}", score.column))
    if not score.scale.step:
        return {"x": x, "y": y}
    index = rows.index.to_numpy(np.int64)
    return {"x": score.scale.apart(x, index, 0), "y": score.scale.apart(y, index, 1)}


def _hover(layer: str, names: tuple[str, str], score: Score) -> str:
    base, other = names
    between = " (%{{customdata[{}]:.3f}} to %{{customdata[{}]:.3f}})" if score.column == "mis" else ""
    return (
        f"<b>{layer} %{{customdata[0]}}</b><br>"
        f"{base} %{{customdata[1]:.3f}}{between.format(4, 5)}<br>"
        f"{other} %{{customdata[2]:.3f}}{between.format(6, 7)}<br>"
        "change %{customdata[3]:+.3f}<extra></extra>"
    )


def _identity(scale: ScoreScale, ink: str) -> go.Scatter:
    ends = list(scale.ends())
    line = {"color": ink, "width": 1, "dash": "dash"}
    return go.Scatter(x=ends, y=ends, mode="lines", line=line, name="no change", hoverinfo="skip", showlegend=True)


def _ring(pairs: pd.DataFrame, selected: tuple[str, int] | None, score: Score, dark: bool) -> list[go.Scatter]:
    if selected is None:
        return []
    live = _drawn(pairs)
    row = live[(live["layer"] == selected[0]) & (live["unit"] == selected[1])]
    marker = {"symbol": "circle-open", "size": 14, "color": palette(dark).text, "line": {"width": 2}}
    return [go.Scatter(**_places(row, score), mode="markers", marker=marker, hoverinfo="skip", showlegend=False)]


def _layout() -> dict[str, Any]:
    return {
        "height": HEIGHT,
        "margin": {"l": 64, "r": 12, "t": 8, "b": 56},
        "legend": {"itemsizing": "constant", "x": 1.01, "y": 1, "tracegroupgap": 0},
        "hovermode": "closest",
        "clickmode": "event+select",
        "dragmode": "zoom",
        "modebar": {"bgcolor": "rgba(0,0,0,0)"},
    }
