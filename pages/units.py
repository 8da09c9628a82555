"""What single units see: how interpretable each is in the dense and in pruned networks, and what drives it."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from core.families import families
from core.store.runs import runs_frame
from core.units.comparison import distinct_titles
from core.words import count, listed
from pages.widgets.address import name_unknown
from pages.widgets.core_access import store
from pages.widgets.errors import plain, shown_errors
from pages.widgets.family import choose_family, subject_of_family
from pages.widgets.router import through_router
from pages.widgets.unit_browse import draw_browse
from pages.widgets.unit_closeup import draw_unit
from pages.widgets.unit_networks import choose_beside, scored_members
from pages.widgets.unit_overview import draw_overview
from pages.widgets.unit_scene import ONE_UNIT, UnitScene
from pages.widgets.unit_scoring import Scoring, draw_scoring
from pages.widgets.unit_study import choose_study

SECTIONS = {"Overview": draw_overview, ONE_UNIT: draw_unit, "Browse": draw_browse}
_WHAT = (
    "Here stands how interpretable each unit of a network is (an output channel of a convolution before its ReLU, or "
    "a class logit), in the dense network and in pruned ones: its Machine Interpretability Score, the images that "
    "drive it, and what becomes of the same unit under pruning."
)


def page() -> None:
    """Draw the page."""
    found = families(runs_frame(store()))
    if not found:
        _send_to_tradeoffs()
    headline = st.container()
    (left, right), settings = st.columns([3, 5]), st.container()
    with left:
        family = choose_family(found, "run", "with", "layer", "unit", "study", "score", "against", "whose")
    subject = subject_of_family(family)
    with right:
        study = choose_study(family, subject, settings)
    scoring = Scoring(family, subject, study, scored_members(family, study))
    headline.markdown(plain(_headline(scoring)))
    if not scoring.begun:
        st.info(f"{_WHAT} No network was scored like this yet: choose which, and press Score.")
    draw_scoring(scoring)
    if scoring.begun:
        _draw_section(scoring)


def _send_to_tradeoffs() -> NoReturn:
    st.info(f"{_WHAT} No network was run yet: choose a technique and rates in Trade-offs and run them.")
    if st.button("Go to Trade-offs", key="to_tradeoffs", type="primary"):
        st.switch_page("pages/tradeoffs.py")
    st.stop()


def _headline(scoring: Scoring) -> str:
    titles = [f"{title[:1].lower()}{title[1:]}" for title in distinct_titles(scoring.scored.values()).values()]
    named = listed(titles) if len(titles) <= 6 else f"{listed(titles[:5])} and {len(titles) - 5} more"
    scored = f"{count(len(titles), 'network')} scored: {named}." if titles else "No network is scored yet."
    return f"{scoring.family.title}: {scoring.study.in_words()}. {scored}"


def _draw_section(scoring: Scoring) -> None:
    name_unknown("show", "section", list(SECTIONS))
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        section = st.segmented_control(
            "Show",
            list(SECTIONS),
            default="Overview",
            required=True,
            key="show",
            bind="query-params",
            label_visibility="collapsed",
        )
        members = choose_beside(scoring.family, scoring.scored)
    SECTIONS[str(section)](UnitScene(scoring.family, scoring.subject, scoring.study, members, scoring.scored))


through_router()
with shown_errors():
    page()
