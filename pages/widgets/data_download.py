"""Imagenette, where it is not here: what it is, its download and how far that is."""

from __future__ import annotations

import streamlit as st

from core.data.imagenette import ARCHIVE
from core.jobs.executor import FETCH
from core.store.queue import FAILED, OPEN, RUNNING, Job, forget
from core.words import duration, size
from pages.widgets.core_access import executor, keep_workers, store
from pages.widgets.errors import plain, shown_errors
from pages.widgets.progress import POLL_SECONDS, job_words


def offer_imagenette() -> None:
    """Draw what there is to be downloaded; runs again by itself while it is under way."""
    st.info(
        "Ten easy classes of ImageNet (Howard 2019) as photographs of 320 pixels: 9,469 to train on, 3,925 to "
        f"validate. {ARCHIVE.name} is downloaded once, {size(ARCHIVE.bytes)}, and unpacked in the cache."
    )
    working = bool(_jobs(OPEN))
    st.fragment(_live, run_every=POLL_SECONDS if working else None)(working)


def _live(working: bool) -> None:
    with shown_errors():
        jobs = _jobs(OPEN)
        if working and not jobs:
            st.rerun()
        if jobs:
            keep_workers()
            _under_way(jobs[0])
            return
        for job in _jobs((FAILED,)):
            _failed(job)
        if st.button("Download", type="primary", key="download_imagenette"):
            executor().fetch()
            keep_workers()
            st.rerun()


def _jobs(states: tuple[str, ...]) -> list[Job]:
    return [job for job in executor().list(states) if job.kind == FETCH]


def _under_way(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(job.share, text=plain(_in_words(job)))
        if st.button("Cancel", key=f"cancel {job.id}", help="What came so far is kept; Download goes on from there."):
            executor().cancel([job.id])


def _in_words(job: Job) -> str:
    if job.cancelling:
        return "Stopping"
    if job.state != RUNNING:
        return "Waiting for what is queued before it"
    left = f", about {duration(job.seconds_left)} left" if job.seconds_left is not None and job.done else ""
    words = job_words(job)
    return f"{words[:1].upper()}{words[1:]}{left}"


def _failed(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.error(plain(job.message), title="The download failed")
        if st.button("Dismiss", key=f"dismiss {job.id}"):
            forget(store(), [job.id])
            st.rerun()
