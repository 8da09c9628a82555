"""A long work that a page can start: how far it is and its cancel, or what it failed at and how it is started."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.store.queue import FAILED, OPEN, RUNNING, Job, forget
from core.words import duration
from pages.widgets.core_access import executor, keep_workers, store
from pages.widgets.errors import plain, shown_errors
from pages.widgets.progress import POLL_SECONDS, job_words


@dataclass(frozen=True)
class Work:
    """Which jobs are this work, and what is said of them."""

    is_it: Callable[[Job], bool]
    stopping: str
    kept: str  # what a cancel leaves
    failed: str  # a title


def draw_work(work: Work, idle: Callable[[], None]) -> None:
    """Draw the work, and `idle` where none is under way; runs again by itself while it is."""
    working = bool(_jobs(work, OPEN))
    st.fragment(_live, run_every=POLL_SECONDS if working else None)(work, idle, working)


def _live(work: Work, idle: Callable[[], None], working: bool) -> None:
    with shown_errors():
        jobs = _jobs(work, OPEN)
        if working and not jobs:
            st.rerun()
        if jobs:
            keep_workers()
            _under_way(work, jobs[0])
            return
        for job in _jobs(work, (FAILED,)):
            _failed(work, job)
        idle()


def _jobs(work: Work, states: tuple[str, ...]) -> list[Job]:
    return [job for job in executor().list(states) if work.is_it(job)]


def _under_way(work: Work, job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(job.share, text=plain(_in_words(work, job)))
        if st.button("Cancel", key=f"cancel {job.id}", help=work.kept):
            executor().cancel([job.id])


def _in_words(work: Work, job: Job) -> str:
    if job.cancelling:
        return work.stopping
    if job.state != RUNNING:
        return "Waiting for what is queued before it"
    left = f", about {duration(job.seconds_left)} left" if job.seconds_left is not None and job.done else ""
    words = job_words(job)
    return f"{words[:1].upper()}{words[1:]}{left}"


def _failed(work: Work, job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.error(plain(job.message), title=work.failed)
        if st.button("Dismiss", key=f"dismiss {job.id}"):
            forget(store(), [job.id])
            st.rerun()
