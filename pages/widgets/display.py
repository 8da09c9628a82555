"""How the maps are shown: the controls of a `Look`. The URL holds them."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.figures.look import HEAT, MASKED, OVERLAY, PERCENTILES, STYLES, Look
from pages.widgets.address import name_outside, name_unknown

_SHARED, _OWN = "one for all", "one each"
_ENDS = {"the maximum" if each == 100 else f"{each:g} %": each for each in PERCENTILES}
_WIDTH = 170  # pixels, of the slider that changes with the style


def choose_look(said: DeltaGenerator, has_outline: bool) -> Look:
    """Draw the controls; in `said` what the URL asks for and there is not.

    The outline can be had where the source knows the target's pixels.
    """
    with said:
        _name_unknown()
    style = _choose_style()
    opacity, share = _choose_strength(style)
    with st.popover("Scale", width=90, disabled=style == MASKED, help="Where the colours end"):
        common, percentile = _choose_scale()
    outline = st.toggle(
        "Outline",
        key="outline",
        bind="query-params",
        disabled=not has_outline,
        help="Draw the outline of the target object, where the source of the images knows it.",
    )
    return Look(style, opacity, share, common, percentile, outline)


def _name_unknown() -> None:
    name_unknown("show", "way to show maps", STYLES)
    name_unknown("scale", "scale", (_SHARED, _OWN))
    name_unknown("ends", "end of the scale", list(_ENDS))
    name_outside("opacity", "Opacity", 0, 1)
    name_outside("visible", "Visible", 1, 100, int)


def _choose_style() -> str:
    style = st.segmented_control(
        "Show as",
        STYLES,
        default=OVERLAY,
        required=True,
        key="show",
        bind="query-params",
        help="The map's colours over the picture; the map alone; or the picture, where only the pixels that count "
        "most for the class stay visible.",
    )
    return str(style)


def _choose_strength(style: str) -> tuple[float, float]:
    """Draw the slider that goes with the style, and return the opacity and the share of visible pixels."""
    default = Look()
    if style == MASKED:
        visible = st.slider(
            "Visible, %",
            1,
            100,
            round(100 * default.share),
            key="visible",
            bind="query-params",
            help="The share of the pixels that stay visible: those that count most for the class.",
            width=_WIDTH,
        )
        return default.opacity, visible / 100
    opacity = st.slider(
        "Opacity",
        0.0,
        1.0,
        default.opacity,
        0.05,
        key="opacity",
        bind="query-params",
        disabled=style == HEAT,
        help="0 is the picture; up to 0.5 the picture keeps its light and shade; 1 is the plain map.",
        width=_WIDTH,
    )
    return opacity, default.share


def _choose_scale() -> tuple[bool, float]:
    scale = st.segmented_control(
        "Colour scale",
        (_SHARED, _OWN),
        default=_SHARED,
        required=True,
        key="scale",
        bind="query-params",
        help="One for all shows which network answers more strongly; one each shows where, also in weak maps.",
    )
    ends = st.selectbox(
        "It ends at",
        list(_ENDS),
        index=list(_ENDS.values()).index(Look().percentile),
        key="ends",
        bind="query-params",
        help="The percentile of the magnitudes where the scale ends. What lies beyond takes the colour of the end.",
    )
    return scale == _SHARED, _ENDS[ends]
