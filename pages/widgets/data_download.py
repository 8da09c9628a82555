"""Imagenette, where it is not here: what it is, its download and how far that is."""

from __future__ import annotations

import streamlit as st

from core.data.imagenette import ARCHIVE
from core.jobs.executor import FETCH
from core.words import size
from pages.widgets.core_access import executor, keep_workers
from pages.widgets.one_job import Work, draw_work


def offer_imagenette() -> None:
    """Draw what there is to be downloaded; runs again by itself while it is under way."""
    st.info(
        "Ten easy classes of ImageNet (Howard 2019) as photographs of 320 pixels: 9,469 to train on, 3,925 to "
        f"validate. {ARCHIVE.name} is downloaded once, {size(ARCHIVE.bytes)}, and unpacked in the cache."
    )
    kept = "What came so far is kept; Download goes on from there."
    draw_work(Work(lambda job: job.kind == FETCH, "Stopping", kept, "The download failed"), _offer)


def _offer() -> None:
    if st.button("Download", type="primary", key="download_imagenette"):
        executor().fetch()
        keep_workers()
        st.rerun()
