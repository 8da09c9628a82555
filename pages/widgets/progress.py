"""How far the queue is, in one line with a bar."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.jobs.estimate import Outlook, outlook
from core.store.queue import Job
from core.words import count, duration, speed
from pages.widgets.core_access import executor
from pages.widgets.errors import plain, shown_errors

POLL_SECONDS = 1.5


def queue_line(jobs: Sequence[Job]) -> None:
    """Draw what the queue is doing, what is left, and the button that cancels it. `jobs` are the open ones."""
    ahead = outlook(jobs)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(ahead.running.share if ahead.running else 0.0, text=plain(_in_words(ahead)))
        if st.button("Cancel", help="Stops all that is queued. What is measured is kept; Run goes on from there."):
            with shown_errors():
                executor().cancel([job.id for job in jobs])


def job_words(job: Job) -> str:
    """Return how far a running job is: "evaluating 640 of 1,000 images at 34 images/s"."""
    if not job.total:
        return job.message or "starting"
    rate = f" at {speed(job.speed)}" if job.speed else ""
    return f"{job.message} {job.done:,} of {job.total:,} images{rate}".strip()


def _in_words(ahead: Outlook) -> str:
    now = f"{ahead.running.title}: {job_words(ahead.running)}" if ahead.running else "Starting the worker"
    if ahead.running and ahead.running.cancelling:
        now = f"{ahead.running.title}: stopping after this batch"
    parts = (
        now,
        f"{count(ahead.waiting, 'more', 'more')} in the queue" if ahead.waiting else "",
        f"about {duration(ahead.seconds_left)} left" if ahead.seconds_left is not None else "",
    )
    return " · ".join(part for part in parts if part)
