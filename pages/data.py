"""Which images there are to measure on, how they are recognised, and what their classes are to a network."""

from __future__ import annotations

import streamlit as st

from core.networks.registry import load_network
from core.store.runs import runs_frame
from pages.widgets.core_access import store
from pages.widgets.data_detail import draw_source
from pages.widgets.data_sources import Setting, choose_source, offer_to_add
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
    headline = st.container()
    network, weights, preprocess = _choose_setting()
    stop_without_network(network, weights)
    setting = Setting(network, weights, preprocess, load_network(network, weights))
    sources, about = st.columns([3, 7], gap="medium")
    with sources:
        offer_to_add(setting)
        known = choose_source(setting, runs_frame(store())["data"].tolist())
    headline.markdown(plain(_WHAT))
    with about:
        draw_source(setting, known)


def _choose_setting() -> tuple[str, str | None, str]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=260):
            network, weights = choose_network()
        preprocess = choose_preprocess()
    return network, weights, preprocess


through_router()
with shown_errors():
    page()
