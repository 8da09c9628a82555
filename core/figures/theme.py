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
    """What differs between the light and the dark theme. `diverging` runs from against to for, zero in the middle;
    colours get stronger towards both ends, so that an overlay that shows only their chroma shows what counts most."""

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
    diverging=("#0B4FB3", "#3F86CF", "#86BBE4", "#C9E1F3", "#FFFFFF", "#FBD5C4", "#F29C7F", "#DD5A48", "#B8121F"),
)
DARK = Palette(
    background="#0E1117",
    text="#E6E8EC",
    muted="#9AA1AD",
    grid="#2A2F3A",
    bar="#565D69",
    diverging=("#59B4FF", "#3A8CDB", "#2666A6", "#1A3B5E", "#0E1117", "#4F2320", "#96352C", "#D84C3A", "#FF6A48"),
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
