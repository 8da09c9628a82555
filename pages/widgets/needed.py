"""What has to be fetched, named or answered first: a network that is not on this machine, images in doubt."""

from __future__ import annotations

import streamlit as st

from core.errors import PrunescopeError
from core.experiment import ExperimentSpec
from core.jobs.subject import Subject
from core.networks.registry import NETWORKS, load_network
from core.progress import Progress
from core.words import size
from pages.widgets.core_access import subject_of
from pages.widgets.data_sources import data_address
from pages.widgets.errors import show_error, shown_errors


def stop_without_network(network: str, weights: str | None) -> None:
    """Say what is missing and stop, where the network has to be fetched or named first."""
    entry = NETWORKS.get(network)
    if (entry and (weights or network == "demo" or entry.find())) or (not entry and network):
        return
    if network == "googlenet":
        offer_download(network)
    else:
        st.info("Name the file with the weights: a .safetensors or .pth file with torchvision's keys.")
    st.stop()


def subject_or_stop(spec: ExperimentSpec) -> Subject:
    """Return the network and the images of a spec; else say what is wrong and stop, with the way to Data if it is them.

    There is the question to be answered, the table of classes that do not match, or the download.
    """
    with shown_errors():
        load_network(spec.network, spec.weights)
    try:
        return subject_of(spec)
    except PrunescopeError as error:
        show_error(error)
        if st.button("Go to Data", type="primary"):
            st.switch_page("pages/data.py", query_params=data_address(spec))
        st.stop()


def download_bar() -> Progress:
    """Draw the bar of a download, and return what brings it up to date; both ends count bytes."""
    bar = st.progress(0.0, text="Connecting …")

    def tell(done: int, total: int, what: str) -> None:
        known = f" of {size(total)}" if total else ""
        bar.progress(done / total if total else 0.0, text=f"{what}: {size(done)}{known}")

    return tell


def offer_download(name: str) -> None:
    """Say that a network is not here yet, and draw the button that fetches it."""
    st.info(f"{NETWORKS[name].title} is not on this machine yet: {NETWORKS[name].needs}.")
    if not st.button("Download", type="primary"):
        return
    with shown_errors():
        load_network(name, progress=download_bar())
        st.rerun()
