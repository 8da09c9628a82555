"""The map at each rate of the curve that the slider moves along."""

from __future__ import annotations

import streamlit as st

from core.words import percent
from pages.widgets.asked import ask_of
from pages.widgets.grid import Cell, draw_row
from pages.widgets.scene import Scene, views_of


def draw_rates(scene: Scene) -> None:
    """Draw the dense network's map and that of each run of the curve, by rising rate."""
    compared = scene.compared
    if not compared.curve:
        st.caption("No network was pruned yet: there is no curve.")
        return
    members = [compared.dense, *compared.curve]
    asks = [ask_of(scene.image, member, scene.question) for member in members]
    views = views_of(asks, members, st.empty(), "rates")
    st.caption(
        "The map at each rate of the curve, in one look, with its rank correlation (Spearman) with the dense map. "
        "Where that falls while the accuracy still holds, the network may be right for other reasons."
    )
    cells = [Cell(views[0].title, views[0])]
    for view, member in zip(views[1:], compared.curve, strict=True):
        right = "" if member.top1 is None else f", top-1 {percent(member.top1, 0)}"
        name = member.title if member.spec.is_control else f"{member.rate:.2f}"
        cells.append(Cell(f"{name}{right}", view, asks[0]))
    draw_row(cells, scene.look)
