"""The colours and the Plotly template that all figures share, for the light and the dark theme."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import plotly.graph_objects as go

TECHNIQUE_COLOURS: dict[str, str] = {  # Okabe & Ito: safe for the colour-blind
    "unstructured": "#0072B2",
    "structured": "#D55E00",
    "connection": "#009E73",
}
DENSE_COLOUR = "#6B7280"
ACCENT = "#7C5CBF"

CIVIDIS = ("#00224E", "#123570", "#3B496C", "#575D6D", "#707173", "#8A8678", "#A59C74", "#C3B369", "#E1CC55", "#FEE838")


@dataclass(frozen=True)
class Palette:
    """What differs between the light and the dark theme. `diverging` runs from against to for, zero in the middle."""

    background: str
    text: str
    muted: str  # secondary text
    grid: str
    bar: str  # a bar that nothing is said about
    diverging: tuple[str, ...]


LIGHT = Palette(
    background="#FFFFFF",
    text="#1F2430",
    muted="#5B6270",
    grid="#E5E7EB",
    bar="#B6BCC6",
    diverging=("#053061", "#2166AC", "#4393C3", "#92C5DE", "#FFFFFF", "#F4A582", "#D6604D", "#B2182B", "#67001F"),
)
DARK = Palette(
    background="#0E1117",
    text="#E6E8EC",
    muted="#9AA1AD",
    grid="#2A2F3A",
    bar="#565D69",
    diverging=("#C6E4F5", "#7DBBE0", "#3B87BD", "#1D4B75", "#0E1117", "#6E2A23", "#BF4F3C", "#EF9A7A", "#FDD9C7"),
)


def palette(dark: bool) -> Palette:
    """Return the palette of the theme."""
    return DARK if dark else LIGHT


@cache
def template(dark: bool) -> go.layout.Template:
    """Return the Plotly template of the theme: no background of its own, thin grid, no decoration."""
    colours = palette(dark)
    axis = {"gridcolor": colours.grid, "linecolor": colours.grid, "zerolinecolor": colours.grid, "ticks": ""}
    layout = go.Layout(
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": colours.text, "size": 13},
        xaxis=axis,
        yaxis=axis,
        colorway=[*TECHNIQUE_COLOURS.values(), ACCENT, DENSE_COLOUR],
        hoverlabel={"bgcolor": colours.background, "font": {"color": colours.text}},
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
    )
    return go.layout.Template(layout=layout)
