"""Does each network use what its map marks? Insertion and deletion curves."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.figures.walks import Curve, walk_curves
from core.interpretability.measures.faithfulness import FAITHFULNESS, Faithfulness
from pages.widgets.asked import View
from pages.widgets.errors import plain
from pages.widgets.look import is_dark
from pages.widgets.scene import Scene
from pages.widgets.views import Walk
from pages.widgets.work import answers


def draw_faithfulness(scene: Scene) -> None:
    """Draw the curves of each network on the screen that has a map, and the areas under them."""
    there = [(view, Walk(view.ask, view.map)) for view in scene.views if view.map is not None and view.map.any()]
    found = answers([walk for _, walk in there], st.empty(), "faithfulness")
    known = [(view, walk) for (view, _), walk in zip(there, found, strict=True) if walk is not None]
    for column, measure in zip(st.columns(2), FAITHFULNESS.values(), strict=True):
        column.caption(plain(measure.meaning))
    if not known:
        st.caption("No network on the screen has a map that ranks the pixels.")
        return
    chart = walk_curves([_curve(view, walk) for view, walk in known], is_dark())
    st.plotly_chart(chart, key="faithfulness curves", config={"displayModeBar": False}, theme=None)
    st.dataframe(_areas(known), hide_index=True, width="content")


def _curve(view: View, walk: Faithfulness) -> Curve:
    technique = "" if view.spec.pruning.dense else view.spec.pruning.technique  # the dense control is grey too, dashed
    return Curve(view.title, technique, walk.shares, walk.insertion[0], walk.deletion[0])


def _areas(known: list[tuple[View, Faithfulness]]) -> pd.DataFrame:
    insertion, deletion = (f"area, {name}" for name in FAITHFULNESS)
    rows = [(view.title, float(walk.insertion_auc[0]), float(walk.deletion_auc[0])) for view, walk in known]
    return pd.DataFrame(rows, columns=["network", insertion, deletion]).round(3)
