"""How good a network is as it is: what was measured, measuring it, and the curves that it can be held against."""

from __future__ import annotations

import streamlit as st

from core.experiment import Extent
from core.families import data_in_words, families
from core.known_networks import KnownNetwork, accuracy_table, dense_runs, images_for
from core.pruning.description import NetworkDescription
from core.store.queue import OPEN
from pages.widgets.core_access import executor, keep_workers
from pages.widgets.errors import plain, shown_errors
from pages.widgets.network_address import curve_address
from pages.widgets.network_known import Known
from pages.widgets.progress import POLL_SECONDS, queue_line

_IMAGES = 1000


def draw_accuracy(known: Known, one: KnownNetwork, about: NetworkDescription) -> None:
    """Draw what was measured of a network as it is, and what measures it; runs again by itself while that is done."""
    st.subheader("Accuracy as it is", anchor=False)
    measured = dense_runs(known.runs, about.sha256)
    if len(measured):
        share = st.column_config.NumberColumn(format="%.1f")
        columns = dict.fromkeys(("top-1 %", "low", "high", "top-5 %"), share)
        st.dataframe(
            accuracy_table(measured),
            hide_index=True,
            width=640,
            column_config=columns | {"on": "images of", "images": st.column_config.NumberColumn(format="localized")},
        )
        st.caption("low and high: the 95 % interval of top-1 (Wilson).")
    else:
        st.caption("Nothing is measured of it yet.")
    _measure(known, one, about)
    _curves(known, one, about.sha256)


def _measure(known: Known, one: KnownNetwork, about: NetworkDescription) -> None:
    choices = images_for(known.runs, about, known.classes)
    if not choices:
        st.caption("To measure it, use it in Trade-offs and name images of its classes there.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        on = st.selectbox("Images", list(choices), key="measure_on", width=360)
        most = st.number_input("Number of images", 1, None, _IMAGES, 100, key="measure_images", width=180)
        if st.button("Measure as it is", key="measure", help="In the background. What is measured already is kept."):
            with shown_errors():
                executor().submit([one.spec(*choices[str(on)])], Extent(int(most)))
                keep_workers()
    working = bool(executor().list(OPEN))
    st.fragment(_queue, run_every=POLL_SECONDS if working else None)(working)


def _queue(working: bool) -> None:
    with shown_errors():
        jobs = executor().list(OPEN)
        if working and not jobs:
            st.rerun()
        if jobs:
            keep_workers()
            queue_line(jobs)


def _curves(known: Known, one: KnownNetwork, sha256: str) -> None:
    """Offer the curves of other networks on the same images, beside which this one can be shown."""
    measured = {row["data_sha"] for row in dense_runs(known.runs, sha256).to_dict("records")}
    others = (each for each in families(known.runs) if each.data_sha in measured and each.network_sha != sha256)
    for place, family in enumerate(each for each in others if each.curves()):
        if st.button(
            f"Show beside the curves of {plain(family.title)}",
            key=f"beside {place}",
            help=f"In Trade-offs, by its sparsity, on {plain(data_in_words(family.spec.data))}",
        ):
            st.switch_page("pages/tradeoffs.py", query_params=curve_address(known, family.spec, one, sha256))
