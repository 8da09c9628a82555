"""Which images there are to measure on, how they are recognised, and what their classes are to a network."""

from __future__ import annotations

import streamlit as st

from core.networks.registry import load_network
from core.store.runs import runs_frame
from pages.widgets.core_access import store
from pages.widgets.data_detail import draw_source
from pages.widgets.data_packs import draw_packs
from pages.widgets.data_sources import PAGE, Setting, choose_source, offer_to_add
from pages.widgets.errors import plain, shown_errors
from pages.widgets.needed import stop_without_network
from pages.widgets.router import through_router
from pages.widgets.settings import choose_network, choose_preprocess

_WHAT = (
    "A source is a set of labelled images: recognised from how its files lie, matched to the classes of a network, "
    "and packed once into the pixels that the network is shown."
)


def page() -> None:
    """Draw the page."""
    st.markdown(plain(_WHAT))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=320):
            network, weights = choose_network(page=PAGE)
        preprocess = choose_preprocess(PAGE)
        room = st.container(width="stretch")
    stop_without_network(network, weights)
    setting = Setting(network, weights, preprocess, load_network(network, weights))
    offer_to_add(setting, room)
    sources, about = st.columns([3, 7], gap="medium")
    with sources:
        known = choose_source(setting, runs_frame(store())["data"].tolist())
    with about:
        draw_source(setting, known)
    draw_packs()


through_router()
with shown_errors():
    page()
