"""One map in full size, its values under the pointer."""

from __future__ import annotations

import base64

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures.export import png
from core.figures.maps import Map, Picture
from core.figures.theme import palette, template

_HEIGHT = 430  # pixels


def closeup(picture: Picture, drawn: Picture, values: Map, *, titles: tuple[str, str], dark: bool) -> go.Figure:
    """Return the picture beside the map `drawn` of it; both tell the map's value under the pointer, and zoom together.

    `picture` and `drawn` (h, w, 3), which may be larger than `values` (h, w).
    """
    figure = make_subplots(1, 2, shared_xaxes="all", shared_yaxes="all", subplot_titles=titles, horizontal_spacing=0.02)
    height, width = values.shape
    for column, image in enumerate((picture, drawn), start=1):
        figure.add_trace(_values(values), 1, column)
        figure.add_layout_image(_source(image, width, height), row=1, col=column)
    figure.update_layout(
        template=template(dark), height=_HEIGHT, margin={"l": 0, "r": 0, "t": 28, "b": 0}, dragmode="zoom"
    )
    figure.update_xaxes(visible=False, range=[-0.5, width - 0.5], constrain="domain")
    figure.update_yaxes(visible=False, range=[height - 0.5, -0.5], constrain="domain")
    figure.update_yaxes(scaleanchor="x", scaleratio=1, col=1)
    figure.update_annotations(font={"size": 13, "color": palette(dark).muted})
    return figure


def _values(values: Map) -> go.Heatmap:
    """Return the values as a layer that is felt and not seen."""
    return go.Heatmap(
        z=np.asarray(values, np.float32),
        opacity=0,
        showscale=False,
        hovertemplate="column %{x}, row %{y}<br>%{z:.3g}<extra></extra>",
    )


def _source(image: Picture, width: int, height: int) -> dict[str, object]:
    data = base64.b64encode(png(image)).decode()
    place = {"x": -0.5, "y": -0.5, "sizex": width, "sizey": height, "xanchor": "left", "yanchor": "top"}
    return {
        "source": f"data:image/png;base64,{data}",
        "xref": "x",
        "yref": "y",
        "sizing": "stretch",
        "layer": "below",
        **place,
    }
