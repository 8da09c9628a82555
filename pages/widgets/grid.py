"""Many maps as small equal pictures in a row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.figures.agreement import number
from core.figures.look import Look, limits
from pages.widgets.asked import View
from pages.widgets.errors import plain
from pages.widgets.pictures import picture_in
from pages.widgets.views import Ask
from pages.widgets.yardsticks import compared

SMALL, MEDIUM = 148, 195  # pixels: eight or six in a row at 1440, five or three at 800


@dataclass(frozen=True, eq=False)
class Cell:
    """A small picture: its title, the view it shows, and the map it is held against (None: none)."""

    title: str
    view: View
    beside: Ask | None = None


def draw_row(cells: Sequence[Cell], look: Look, width: int = SMALL) -> None:
    """Draw the cells side by side, in the same look; one common scale is common to this row."""
    ends = iter(limits([cell.view.map for cell in cells if cell.view.map is not None], look))
    with st.container(horizontal=True, gap="small"):
        for cell in cells:
            end = 1.0 if cell.view.map is None else next(ends)
            with st.container(width=width, gap="xsmall"):
                st.caption(plain(cell.title), wrap=False)
                st.image(picture_in(cell.view, look, end), width="stretch", output_format="PNG")
                st.caption(_agreement(cell), help=plain(cell.view.reason) or None)


def _agreement(cell: Cell) -> str:
    if cell.view.map is None:
        return "no map"
    if cell.beside is None:
        return "&nbsp;"
    scores = compared(cell.view.ask, cell.beside)
    spearman = math.nan if scores is None else scores["spearman"]
    return "the same everywhere" if math.isnan(spearman) else f"Spearman {number(spearman)}"
