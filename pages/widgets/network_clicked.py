"""The clicked diamond of Trade-offs: a network that was pruned elsewhere."""

from __future__ import annotations

import streamlit as st

from core.experiment import ExperimentSpec
from core.figures.hover import Row
from core.pruned_elsewhere import Beside
from core.pruning.description import NetworkDescription
from core.words import between, count, percent
from pages.widgets.errors import plain
from pages.widgets.network_card import draw_zeros
from pages.widgets.network_known import find_known
from pages.widgets.network_table import CHOSEN


def clicked(chosen: Beside | None, run: str) -> Row | None:
    """Return the row of the network beside the curves whose run is in the URL; None if it is none of them."""
    rows = [] if chosen is None else chosen.rows.to_dict("records")
    return next((row for row in rows if row["id"] == run), None)


def draw_clicked(row: Row) -> None:
    """Draw what a network is and how good, and the way to the page Networks."""
    title, close = st.columns([4, 1], gap="xsmall", wrap=False)
    title.markdown(f"**{plain(row['title'])}**")
    if close.button("Close", type="tertiary", help="Give the curve its full width again"):
        del st.query_params["run"]
        st.rerun()
    spec, known = ExperimentSpec.from_json(row["spec"]), find_known()
    name = next(one.name for one in known.networks if (one.network, one.weights) == (spec.network, spec.weights))
    if st.button("All about it", type="primary", width="stretch", help="On the page Networks"):
        st.switch_page("pages/networks.py", query_params={CHOSEN: name})
    st.metric("Top-1", percent(row["top1"]))
    st.caption(f"95 % interval {between(row['top1_low'], row['top1_high'])} on {count(int(row['images']), 'image')}.")
    about = known.described[name]
    if isinstance(about, NetworkDescription):
        draw_zeros(about)
