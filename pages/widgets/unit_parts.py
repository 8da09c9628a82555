"""The choice of a layer or a block whose units are looked at."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.units.places import block_of
from pages.widgets.address import name_unknown
from pages.widgets.unit_scene import UnitScene

EVERY = "All units"


def choose_part(scene: UnitScene, key: str, on_change: Callable[[], None] | None = None) -> str:
    """Draw the choice, under its key in the URL, and return the name of a layer or a block; empty: all units."""
    blocks = list(dict.fromkeys(map(block_of, scene.study.places)))
    parts = list(dict.fromkeys([EVERY, *blocks, *scene.study.places]))
    name_unknown(key, "layer or block", parts)
    part = st.selectbox(
        "Units of",
        parts,
        key=key,
        bind="query-params",
        width=240,
        on_change=on_change,
        help="All, those of a block, or those of a single layer.",
    )
    return "" if part == EVERY else part
