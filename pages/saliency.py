"""One image, many networks, side by side: what each says of it, and what in it each goes by."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.order import another
from core.errors import BrokenDataError
from core.experiment import ExperimentSpec
from core.families import Family, families
from core.jobs.subject import Subject
from core.store.runs import runs_frame
from pages.widgets.closeup import draw_closeup
from pages.widgets.compared import Compared, choose_networks, move, network_in, subject_in
from pages.widgets.core_access import store
from pages.widgets.display import choose_look
from pages.widgets.errors import shown_errors
from pages.widgets.filmstrip import choose_image
from pages.widgets.image_source import wants_own, with_unmeasured
from pages.widgets.own_choice import choose_own
from pages.widgets.panels import draw_panels
from pages.widgets.question import choose_question
from pages.widgets.router import through_router
from pages.widgets.scene import Scene
from pages.widgets.strip import draw_strip, prepare
from pages.widgets.views import Shown, shown
from pages.widgets.yardsticks import draw_agreement

_SCALE = 520  # pixels: fits beside the controls at 1440, under them at 800


def page() -> None:
    """Draw the page."""
    found, networks = families(runs_frame(store())), st.container()
    left, right = st.columns([1, 4])
    with left:
        own = wants_own(found)
    with networks:
        compared = _choose_networks(with_unmeasured(found) if own else found)
    image, other = choose_own(network_in(compared), left, right) if own else _choose_of_data(compared, left, right)
    said = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        question = choose_question(said, image)
        move(compared)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        look = choose_look(said, image.mask is not None)
        scale = st.container(width=_SCALE)
    strip = draw_strip(image, compared, question, look, scale)
    draw_closeup(strip.views, look, strip.ends)
    draw_agreement(strip.views, strip.slots, other, st.empty())
    draw_panels(Scene(image, compared, question, look, strip.views))
    if not compared.members:
        _say_what_to_do()
    if all(view.answer is not None for view in strip.views):
        prepare(image, compared, question)


def _choose_of_data(compared: Compared, left: DeltaGenerator, right: DeltaGenerator) -> tuple[Shown, Shown | None]:
    """Draw the choice of an image of the data; return it and one of another class to hold agreement against."""
    subject = subject_in(compared)
    chosen = choose_image(subject, compared, left, right)
    return shown(subject, chosen), _other(subject, chosen)


def _other(subject: Subject, chosen: int) -> Shown | None:
    """Return an image of another class; None if there is none that can be read."""
    place = another(subject.source.labels, chosen)
    try:
        return None if place is None else shown(subject, place)
    except BrokenDataError:
        return None


def _choose_networks(found: tuple[Family, ...]) -> Compared:
    return choose_networks(found) if found else Compared(ExperimentSpec())


def _say_what_to_do() -> None:
    st.info(
        "Here stands what pruned networks look at in the same image, beside the dense one. "
        "None was pruned yet: choose a technique and rates in Trade-offs and run them."
    )
    if st.button("Go to Trade-offs", key="to_tradeoffs", type="primary"):
        st.switch_page("pages/tradeoffs.py")


through_router()
with shown_errors():
    page()
