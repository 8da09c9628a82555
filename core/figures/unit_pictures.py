"""The images that drive a unit, with its activation map where it fired: arrays in, pictures and figures out."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from core.figures.maps import common_limit, overlay, scale_bar
from core.figures.theme import palette, template

Pictures = NDArray[np.uint8]  # (n, h, w, 3) RGB
Maps = NDArray[np.float32]  # (n, h', w'), the channel's own resolution

_PERCENTILE = 99.5  # of the magnitudes of all maps, where their scale ends
_GAP = 4  # pixels between two pictures
_LINE = 18  # pixels of the words under a picture
_JPEG = {"quality": 90, "subsampling": 0}


@dataclass(frozen=True)
class ActivationScale:
    """What the colours of a unit's maps mean: signed ones run from -limit to limit, the others from 0."""

    limit: float
    signed: bool


def activation_scale(maps: Sequence[Maps]) -> ActivationScale | None:
    """Return the one colour scale for the maps of a unit in several networks; None where no map varies in space.

    It is signed if any value is negative.
    """
    varying = [each for each in maps if each.size and each[0].size > 1]
    if not varying:
        return None
    return ActivationScale(common_limit(varying, _PERCENTILE), any(bool((each < 0).any()) for each in varying))


def activation_bar(scale: ActivationScale, *, dark: bool, unit: str, centre: str = "") -> go.Figure:
    """Return the colour scale with its values and what its ends mean; `unit` is what the values are.

    `centre` is the name of what signed values are counted from, if that is not zero.
    """
    bar = scale_bar(limit=scale.limit, signed=scale.signed, dark=dark, unit=unit, ends=("low", "high"))
    end = f"{scale.limit:.2g}"
    ticks = [f"−{end}", centre or "0", f"+{end}" if centre else end] if scale.signed else ["0", end]
    return bar.update_xaxes(ticktext=ticks)


def fired(pictures: Pictures, maps: Maps, scale: ActivationScale, *, opacity: float, dark: bool) -> Pictures:
    """Lay each map over its picture, brought to its size; opacity 0 is the picture, 1 the plain map."""
    count, height, width, _ = pictures.shape
    stretched = np.stack([_stretched(each, height, width) for each in maps])
    laid = overlay(
        pictures.reshape(count * height, width, 3),
        stretched.reshape(count * height, width),
        limit=scale.limit,
        signed=scale.signed,
        opacity=opacity,
        dark=dark,
    )
    return laid.reshape(pictures.shape)


def picture_grid(
    pictures: Pictures,
    under: Sequence[str] = (),
    hover: Sequence[str] = (),
    *,
    columns: int,
    width: int,
    dark: bool,
    keys: Sequence[str] = (),
) -> go.Figure:
    """Return pictures in rows of `columns`, `width` pixels wide in all, with words under each and on hover.

    `keys` name the pictures for those who listen to clicks.
    """
    figure = go.Figure()
    cell, rows = width / columns, -(-len(pictures) // columns)
    row_height = 1 + (_LINE / cell if under else 0)
    places = [(place % columns, place // columns * row_height) for place in range(len(pictures))]
    side = round(2 * cell)  # sharp also where a pixel of the page is two of the screen
    images = [_placed(picture, x, y, cell, side) for picture, (x, y) in zip(pictures, places, strict=True)]
    figure.update_layout(images=images)
    if hover or keys:
        figure.add_trace(_felt(places, hover, keys, cell))
    if under:
        figure.add_trace(_written(places, under, row_height, dark))
    _lay_out(figure, columns, rows * row_height, cell, dark)
    return figure


def jpeg(picture: NDArray[np.uint8], longest: int) -> bytes:
    """Return a picture (h, w, 3) as a JPEG file, made smaller so that no side is longer than `longest`."""
    image, file = Image.fromarray(picture), io.BytesIO()
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    image.save(file, "JPEG", **_JPEG)
    return file.getvalue()


def _stretched(values: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    drawn = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(drawn.resize((width, height), Image.Resampling.BILINEAR))


def _placed(picture: NDArray[np.uint8], x: float, y: float, cell: float, side: int) -> dict[str, object]:
    gap = _GAP / cell / 2
    return {
        "source": f"data:image/jpeg;base64,{base64.b64encode(jpeg(picture, side)).decode()}",
        "xref": "x",
        "yref": "y",
        "x": x + gap,
        "y": y + gap,
        "sizex": 1 - 2 * gap,
        "sizey": 1 - 2 * gap,
        "xanchor": "left",
        "yanchor": "top",
        "sizing": "contain",
        "layer": "below",
    }


def _felt(places: Sequence[tuple[float, float]], hover: Sequence[str], keys: Sequence[str], cell: float) -> go.Scatter:
    """Return what is felt over the pictures and not seen."""
    return go.Scatter(
        x=[x + 0.5 for x, _ in places],
        y=[y + 0.5 for _, y in places],
        mode="markers",
        marker={"symbol": "square", "size": cell - _GAP, "opacity": 0},
        hovertext=list(hover) or None,
        hovertemplate="%{hovertext}<extra></extra>" if hover else None,
        hoverinfo=None if hover else "none",
        customdata=list(keys) or None,
    )


def _written(places: Sequence[tuple[float, float]], under: Sequence[str], row_height: float, dark: bool) -> go.Scatter:
    return go.Scatter(
        x=[x + 0.5 for x, _ in places],
        y=[y + (1 + row_height) / 2 for _, y in places],
        mode="text",
        text=list(under),
        textfont={"size": 11, "color": palette(dark).muted},
        hoverinfo="skip",
        cliponaxis=False,
    )


def _lay_out(figure: go.Figure, columns: int, bottom: float, cell: float, dark: bool) -> None:
    figure.update_layout(
        template=template(dark),
        height=round(bottom * cell),
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        showlegend=False,
        hovermode="closest",
        dragmode=False,
    )
    figure.update_xaxes(visible=False, fixedrange=True, range=[0, columns])
    figure.update_yaxes(visible=False, fixedrange=True, range=[bottom, 0])
