"""What a pruned network forgets of what its dense network knew: classes, confusions, calibration, images."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from core.evaluation.accuracy import accuracy, against_dense
from core.evaluation.disagreement import KINDS, side_by_side
from core.families import families
from core.store.runs import runs_frame
from core.unpruned import against_title
from core.words import count, listed, percent, points, points_between, probability
from pages.widgets.address import name_unknown
from pages.widgets.calibration import draw_calibration
from pages.widgets.classes import draw_classes, draw_confusions
from pages.widgets.core_access import store
from pages.widgets.errors import plain, shown_errors
from pages.widgets.gallery import draw_gallery
from pages.widgets.pair import Pair, choose_pair
from pages.widgets.router import through_router
from pages.widgets.said import Said, said_by

SECTIONS = {
    "Classes": draw_classes,
    "Confusions": draw_confusions,
    "Calibration": draw_calibration,
    "Images": draw_gallery,
}


def page() -> None:
    """Draw the page."""
    found = families(runs_frame(store()))
    if not found:
        _say_what_to_do("No network was pruned yet: choose a technique and rates in Trade-offs and run them.")
    headline = st.container()
    pair = choose_pair(found)
    if (lacking := _lacking(pair)) or not pair.pruned or not pair.dense:
        _say_what_to_do(lacking)
    said = said_by(pair.family, pair.subject, pair.pruned, pair.dense)
    if not len(said.dense):
        _say_what_to_do("What was measured of these networks is damaged: run them again in Trade-offs.")
    headline.markdown(_headline(said))
    section = _choose_section(said)
    SECTIONS[section](said)


def _lacking(pair: Pair) -> str:
    """Return what has to be done before two networks can be compared; nothing if they can."""
    if pair.pruned is None:
        return "Only the dense network was run on these images: choose a technique and rates in Trade-offs."
    if pair.dense is None or not pair.dense.images:
        return "The dense network was not measured on these images yet: any run in Trade-offs measures it first."
    if not pair.pruned.images:
        return "Nothing was measured on this network yet: its run is queued, or it failed. Trade-offs tells which."
    return ""


def _say_what_to_do(lacking: str) -> NoReturn:
    """Say what this page shows and why it does not, and end it there."""
    st.info(f"Here stands what a pruned network gets wrong that its dense network knew. {lacking}")
    if st.button("Go to Trade-offs", key="to_tradeoffs", type="primary"):
        st.switch_page("pages/tradeoffs.py")
    st.stop()


def _headline(said: Said) -> str:
    change = against_dense(said.pruned, said.dense)
    dense, pruned = (percent(accuracy(one)["top1"]) for one in (said.dense, said.pruned))
    interval = points_between(change["change_low"], change["change_high"])
    difference = f"{points(change['change'])} ({interval}), McNemar {probability(change['mcnemar_p'])}"
    kinds = side_by_side(said.pruned, said.dense)["kind"].value_counts()
    found = listed([f"{kinds.get(name, 0):,} {kind.title.lower()}" for name, kind in KINDS.items()])
    return plain(
        f"{said.family.title}: {said.member.words} {against_title(said.member.own_zeros)} on the same "
        f"{count(len(said.dense), 'image')}. Top-1 {dense} → {pruned}, {difference}; {found}."
    )


def _choose_section(said: Said) -> str:
    name_unknown("show", "section", list(SECTIONS))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        section = st.segmented_control(
            "Show",
            list(SECTIONS),
            default="Classes",
            required=True,
            key="show",
            bind="query-params",
            label_visibility="collapsed",
        )
        if st.button("Look inside", key="look_inside", help="See what this network looks at, in Saliency"):
            st.switch_page("pages/saliency.py", query_params={"run": said.member.id})
    return str(section)


through_router()
with shown_errors():
    page()
