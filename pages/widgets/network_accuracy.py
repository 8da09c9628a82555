"""How good a network is as it is: what was measured, measuring it, and the curves that it can be held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from core.data.source import SCENES
from core.experiment import ExperimentSpec, Extent
from core.families import data_in_words, families
from core.known_networks import KnownNetwork, accuracy_table, images_for
from core.pruning.description import NetworkDescription
from core.store.queue import OPEN
from pages.widgets.address import forget, name_unknown
from pages.widgets.core_access import executor, keep_workers, subject_of
from pages.widgets.data_check import offer_check
from pages.widgets.errors import plain, shown_errors
from pages.widgets.network_address import curve_address
from pages.widgets.network_known import Known
from pages.widgets.progress import POLL_SECONDS, queue_line
from pages.widgets.retraining import name_no_number

_IMAGES = 1000
_ON, _MOST = "measure_on", "measure_images"  # in the URL
_WHOSE = "network to be measured"  # what the session remembers


def draw_accuracy(known: Known, one: KnownNetwork, about: NetworkDescription) -> None:
    """Draw what was measured of a network as it is, and what measures it; runs again by itself while that is done."""
    draw_measured(known.measured[one.name])
    _measure(known, one, about)
    _curves(known, one, about.sha256)


def draw_measured(measured: pd.DataFrame) -> None:
    """Draw what was measured of a network as it is (`dense_runs`)."""
    st.subheader("Accuracy as it is", anchor=False)
    if measured.empty:
        st.caption("Nothing is measured of it yet.")
        return
    share = st.column_config.NumberColumn(format="%.1f")
    columns = dict.fromkeys(("top-1 %", "low", "high", "top-5 %"), share)
    st.dataframe(
        accuracy_table(measured),
        hide_index=True,
        width=640,
        column_config=columns | {"on": "images of", "images": st.column_config.NumberColumn(format="localized")},
    )
    st.caption("low and high: the 95 % interval of top-1 (Wilson).")


def _measure(known: Known, one: KnownNetwork, about: NetworkDescription) -> None:
    choices = images_for(known.runs, about, known.classes)
    if not choices:
        st.caption("To measure it, use it in Trade-offs and name images of its classes there.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        spec, extent = _choose(one, choices)
        if st.button("Measure as it is", key="measure", help="In the background. What is measured already is kept."):
            with shown_errors(stop=False):
                executor().submit([spec], extent())
                keep_workers()
    _check(known, spec)
    working = bool(executor().list(OPEN))
    st.fragment(_queue, run_every=POLL_SECONDS if working else None)(working)


def _choose(one: KnownNetwork, choices: Mapping[str, tuple[str, str]]) -> tuple[ExperimentSpec, Callable[[], Extent]]:
    """Draw the choice of images and how many; return what measures the network, and how exactly, once it is asked."""
    if st.session_state.get(_WHOSE, one.name) != one.name:  # these were another network's
        st.session_state.pop(_ON, None)
        forget(_ON)
    st.session_state[_WHOSE] = one.name
    name_unknown(_ON, "set of images", list(choices))
    on = st.selectbox("Images", list(choices), key=_ON, bind="query-params", width=360)
    name_no_number(_MOST, "number of images")
    most = st.number_input(
        "Number of images", value=_IMAGES, step=100, key=_MOST, bind="query-params", width=180, help="Empty: all."
    )
    return one.spec(*choices[str(on)]), lambda: Extent(None if most is None else int(most))


def _check(known: Known, spec: ExperimentSpec) -> None:
    """Show a dozen of the images under their names before the first run on them; the scenes are drawn with theirs."""
    if spec.data == SCENES:
        return
    with shown_errors(stop=False):
        subject = subject_of(spec)
        of_these = (known.runs["network_sha"] == subject.network.sha256) & (
            known.runs["data_sha"] == subject.fingerprint()
        )
        offer_check(subject, known.runs[of_these])


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
    measured = set(known.measured[one.name]["data_sha"])
    others = (each for each in families(known.runs) if each.data_sha in measured and each.network_sha != sha256)
    for place, family in enumerate(each for each in others if each.curves()):
        if st.button(
            f"Show beside the curves of {plain(family.title)}",
            key=f"beside {place}",
            help=f"In Trade-offs, by its sparsity, on {plain(data_in_words(family.spec.data))}",
        ):
            st.switch_page("pages/tradeoffs.py", query_params=curve_address(known, family.spec, one, sha256))
