"""Below the strip: what takes more maps, each computed only while it is open. The URL holds which (`closer`)."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.widgets.address import name_unknown
from pages.widgets.faithful import draw_faithfulness
from pages.widgets.methods import draw_methods
from pages.widgets.rates import draw_rates
from pages.widgets.sanity import draw_sanity
from pages.widgets.scene import Scene

PANELS: dict[str, Callable[[Scene], None]] = {
    "Methods": draw_methods,
    "Faithfulness": draw_faithfulness,
    "Sanity": draw_sanity,
    "Over rates": draw_rates,
}


def draw_panels(scene: Scene) -> None:
    """Draw the choice of a panel, and the chosen one."""
    name_unknown("closer", "closer look", list(PANELS))
    chosen = st.segmented_control(
        "A closer look",
        list(PANELS),
        key="closer",
        bind="query-params",
        help="Methods: other methods asked the same. Faithfulness: does the network use what the maps mark? "
        "Sanity: do the maps change when the network is randomised? Over rates: the map at each rate of the curve. "
        "A second click closes it.",
    )
    if chosen is not None:
        PANELS[chosen](scene)
