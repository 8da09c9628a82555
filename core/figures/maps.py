"""Attribution maps as pictures: arrays in, RGB arrays and Plotly figures out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.errors import InvalidSettingError
from core.figures.colours import Floats, colourise, rgb, stops
from core.figures.theme import palette, template

Picture = NDArray[np.uint8]  # (h, w, 3) RGB
Map = NDArray[np.floating]  # (h, w)

_LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)  # ITU-R BT.709
_OWN = "its own end"
_FAINT = 0.12  # what is left of the pixels that a masked picture hides
_TINTED = 0.5  # the opacity at which the picture's own colours have given way to the map's


def common_limit(maps: Sequence[Map], percentile: float = 99) -> float:
    """Return the magnitude at which one colour scale for all maps ends: a percentile of |values| of all of them.

    Their maximum if the percentile is 0 because nearly all values are, and 1 for maps of nothing but zeros.
    """
    if not maps or not 0 < percentile <= 100:
        raise InvalidSettingError(
            f"percentile {percentile} of {len(maps)} maps", "above 0 to 100, of at least one map", "use 99"
        )
    magnitudes = np.abs(np.concatenate([each.ravel() for each in maps]))
    return float(np.percentile(magnitudes, percentile)) or float(magnitudes.max()) or 1.0


def overlay(image: Picture, values: Map, *, limit: float, signed: bool, opacity: float, dark: bool) -> Picture:
    """Lay a map (h, w) over a picture (h, w, 3): opacity 0 is the picture, 1 the plain map.

    Up to 0.5 the picture keeps its luminance and only its colours give way to the map's, so that the object stays
    as visible as it was; from there the luminance gives way too. Luminance is BT.709 luma; a colour too strong for
    the luminance it has to keep is made paler. InvalidSettingError for shapes that differ or an opacity outside 0..1.
    """
    _check_overlay(image, values, opacity)
    if opacity == 0:
        return image.copy()
    colours = colourise(values, limit=limit, signed=signed, dark=dark)
    picture = image.astype(np.float32)
    luma_picture, luma_colours = picture @ _LUMA, colours @ _LUMA
    tint = min(opacity / _TINTED, 1.0)
    shade = max((opacity - _TINTED) / (1 - _TINTED), 0.0)
    luma = _mix(luma_picture, luma_colours, shade)
    chroma = _mix(picture - luma_picture[..., None], colours - luma_colours[..., None], tint)
    return np.rint(_displayable(luma, chroma)).astype(np.uint8)


def clipped_share(maps: Sequence[Map], limits: Sequence[float]) -> float:
    """Return the share of all pixels whose magnitude lies beyond the end of their map's scale: 0 to 1."""
    beyond = sum(int((np.abs(each) > limit).sum()) for each, limit in zip(maps, limits, strict=True))
    return beyond / max(1, sum(each.size for each in maps))


def masked(image: Picture, values: Map, *, share: float, dark: bool) -> Picture:
    """Return the picture (h, w, 3) with only those pixels as they are that count most for the class.

    These are the `share` (above 0 to 1) with the largest positive values, so that none is shown where nothing speaks
    for the class; of equal ones at the border all or none. The rest almost vanishes into the theme's background.
    """
    _check_overlay(image, values, 0)
    if not 0 < share <= 1:
        raise InvalidSettingError(f"share {share} of the pixels", "above 0 to 1", "show the top 0.2")
    kept = (values > 0) & (values >= np.quantile(values, 1 - share))
    ground = np.array(rgb(palette(dark).background), np.float32)
    faint = (1 - _FAINT) * ground + _FAINT * image.astype(np.float32)
    return np.where(kept[..., None], image, np.rint(faint).astype(np.uint8))


def _mix(first: Floats, second: Floats, share: float) -> Floats:
    mixed: Floats = (1 - share) * first + share * second
    return mixed


def _displayable(luma: Floats, chroma: Floats) -> Floats:
    """Return luma + chroma within 0..255, the chroma shortened per pixel as far as that needs."""
    room_above = (255 - luma) / np.maximum(chroma.max(-1), 1e-6)
    room_below = luma / np.maximum(-chroma.min(-1), 1e-6)
    scale = np.clip(np.minimum(room_above, room_below), 0, 1)
    colours: Floats = np.clip(luma[..., None] + scale[..., None] * chroma, 0, 255)
    return colours


def _check_overlay(image: Picture, values: Map, opacity: float) -> None:
    if image.shape != (*values.shape, 3) or image.dtype != np.uint8:
        raise InvalidSettingError(
            f"a picture {image.shape} of {image.dtype} under a map {values.shape}",
            "a picture (h, w, 3) of uint8 and a map (h, w) of the same size",
            "give the picture as the network saw it",
        )
    if not 0 <= opacity <= 1:
        raise InvalidSettingError(f"opacity {opacity}", "0 to 1", "choose a value in between")


def outline(image: Picture, mask: NDArray[np.bool_], colour: str) -> Picture:
    """Draw the outline of a mask (h, w) on a copy of a picture, just outside the mask.

    One pixel of `colour` (`#RRGGBB`), then one of black or white, whichever differs more, so that the line is seen on
    any ground. Nothing is drawn for an empty mask.
    """
    if mask.shape != image.shape[:2]:
        raise InvalidSettingError(
            f"a mask {mask.shape} on a picture {image.shape}", "the same height and width", "crop both alike"
        )
    once = _grown(mask)
    drawn = image.copy()
    drawn[_grown(once) & ~once] = 0 if np.dot(rgb(colour), _LUMA) > 127 else 255
    drawn[once & ~mask] = rgb(colour)
    return drawn


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask with the neighbours above, below, left and right of each of its pixels."""
    padded = np.pad(mask, 1)
    return padded[1:-1, 1:-1] | padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]


def scale_bar(
    *, limit: float | None, signed: bool, dark: bool, unit: str, ends: tuple[str, str] | None = None
) -> go.Figure:
    """Return the colour scale of maps with its values and, in words, what its two ends mean.

    `unit` is what the values are in, `ends` the words for the low and the high end of maps that are no attributions.
    Without a limit it is a scale of maps that each end at their own.
    """
    low, high = ends or scale_ends(signed)
    figure = go.Figure(_strip(1.0 if limit is None else limit, signed, dark))
    figure.update_layout(
        template=template(dark), height=64, hovermode=False, margin={"l": 28, "r": 28, "t": 22, "b": 22}
    )
    figure.update_yaxes(visible=False, fixedrange=True)
    figure.update_xaxes(fixedrange=True, showgrid=False, zeroline=False, **_tick_labels(limit, signed))
    for x, words in ((0, low), (0.5, unit), (1, high)):
        figure.add_annotation(**_caption(x, words, palette(dark).muted))
    return figure


def _strip(limit: float, signed: bool, dark: bool) -> go.Heatmap:
    start = -limit if signed else 0.0
    values = np.linspace(start, limit, 257)
    colours = stops(signed, dark)
    scale = list(zip(np.linspace(0, 1, len(colours)).tolist(), colours, strict=True))
    return go.Heatmap(
        x=values, y=[0], z=[values], zmin=start, zmax=limit, colorscale=scale, showscale=False, hoverinfo="skip"
    )


def scale_ends(signed: bool) -> tuple[str, str]:
    """Return what the low and the high end of a scale mean."""
    return ("against the class", "for the class") if signed else ("counts little", "counts most")


def _tick_labels(limit: float | None, signed: bool) -> dict[str, object]:
    end = 1.0 if limit is None else limit
    ticks = [-end, 0, end] if signed else [0, end]
    texts = [f"{tick:.2g}" if limit or not tick else _OWN for tick in ticks]
    return {"tickmode": "array", "ticklabeloverflow": "allow", "tickvals": ticks, "ticktext": texts}


def _caption(x: float, words: str, colour: str) -> dict[str, object]:
    anchor = {0: "left", 0.5: "center", 1: "right"}[x]
    return {
        "x": x,
        "y": 1,
        "xref": "paper",
        "yref": "paper",
        "xanchor": anchor,
        "yanchor": "bottom",
        "text": words,
        "showarrow": False,
        "font": {"size": 12, "color": colour},
    }
