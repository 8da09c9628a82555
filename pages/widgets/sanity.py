"""Does the map change when the network is randomised, block by block from the last to the first?"""

from __future__ import annotations

import math
from dataclasses import replace

import streamlit as st

from core.figures.walks import cascade_curves
from core.interpretability.measures.agreement import AGREEMENT
from pages.widgets.grid import Cell, draw_row
from pages.widgets.look import is_dark
from pages.widgets.scene import Scene, views_of
from pages.widgets.views import Ask, blocks
from pages.widgets.yardsticks import compared


def draw_sanity(scene: Scene) -> None:
    """Draw how far the dense network's map agrees with what is left of it after each step, and the maps."""
    dense = scene.views[0].ask
    names = blocks(scene.image.network)
    steps = [names[: end + 1] for end in range(len(names))]
    asks = [dense, *(_randomised(dense, step) for step in steps)]
    views = views_of(asks, [scene.members[0]] * len(asks), st.empty(), "sanity")
    st.caption(
        "The dense network, its blocks given fresh random weights one after the other, from the classifier to the "
        "first convolution (cascading randomisation, Adebayo et al. 2018, arXiv 1810.03292). A map that hardly changes "
        "does not depend on what the network learnt: it shows the picture's edges or the architecture. Each map has a "
        "scale of its own."
    )
    titles = ["trained", *names]
    found = [compared(ask, dense) for ask in asks]
    scores = {name: [math.nan if one is None else one[name] for one in found] for name in AGREEMENT}
    chart = cascade_curves(titles, scores, is_dark())
    st.plotly_chart(chart, key="sanity curves", config={"displayModeBar": False}, theme=None)
    cells = [
        Cell(title, view, dense if place else None)
        for place, (title, view) in enumerate(zip(titles, views, strict=True))
    ]
    draw_row(cells, scene.look)


def _randomised(dense: Ask, step: tuple[str, ...]) -> Ask:
    return Ask(dense.image, replace(dense.variant, randomised=step), dense.target, dense.question)
