"""One unit in several networks: what drives it, and how that changes."""

from __future__ import annotations

import streamlit as st

from core.units.places import unit_name
from pages.widgets.errors import plain
from pages.widgets.unit_scene import UnitScene, unit_in_address


def draw_unit(scene: UnitScene) -> None:
    """Draw the unit that the URL names, in the networks of the scene."""
    chosen = unit_in_address()
    if chosen is None or chosen[0] not in scene.study.places:
        st.info("Choose a unit: click a dot in Overview, or a row in Browse.")
        return
    st.markdown(f"**{plain(unit_name(*chosen))}**")
