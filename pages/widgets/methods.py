"""Other methods asked the same: a row for each, a column for each network."""

from __future__ import annotations

import streamlit as st

from core.interpretability.attribution.method import Method
from core.interpretability.question import Question
from pages.widgets.address import name_unknown
from pages.widgets.errors import plain
from pages.widgets.grid import MEDIUM, Cell, draw_row
from pages.widgets.question import by_cost
from pages.widgets.scene import Scene, asks_of, views_of

_FIRST = ("saliency", "gradcam", "ig")


def draw_methods(scene: Scene) -> None:
    """Draw a row of small maps for each chosen method, which has its default settings unless it is the one above."""
    methods = _choose(scene.question)
    questions = [_question(scene.question, method) for method in methods]
    asks = [ask for question in questions for ask in asks_of(scene, question)]
    width = len(scene.members)
    views = views_of(asks, scene.members * len(questions), st.empty(), "methods")
    st.caption(
        "The number is the rank correlation with the dense network's map by the same method (Spearman). Each method "
        "has a scale of its own: their units differ. Methods can disagree on one network (Krishna et al. 2022, "
        "arXiv 2202.01602): what only one of them shows may be the method's doing."
    )
    for row, method in enumerate(methods):
        of_method = views[row * width : (row + 1) * width]
        st.markdown(f"**{plain(method.title)}**", help=f"{plain(method.meaning)} Limits: {plain(method.limits)}")
        dense = of_method[0].ask
        cells = [Cell(view.title, view, dense if place else None) for place, view in enumerate(of_method)]
        draw_row(cells, scene.look, MEDIUM)


def _choose(question: Question) -> list[Method]:
    methods = by_cost()
    name_unknown("methods", "method", list(methods))
    default = [title for title, method in methods.items() if method.name in _FIRST]
    chosen = st.multiselect(
        "Methods",
        list(methods),
        default=default,
        key="methods",
        bind="query-params",
        placeholder="Add a method",
        help="Each with its default settings, the one chosen above with those that are set there.",
    )
    return [methods[title] for title in chosen]


def _question(above: Question, method: Method) -> Question:
    return above if method.name == above.method else Question(method.name, above.target, seed=above.seed)
