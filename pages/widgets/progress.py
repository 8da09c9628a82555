"""How far the queue is, in one line with a bar."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.experiment import ExperimentSpec
from core.jobs.estimate import Outlook, outlook
from core.jobs.executor import ACCURACY, EFFICIENCY, FETCH, VISUALISE
from core.store.queue import Job
from core.store.runs import find_run
from core.training.retraining import Retraining
from core.words import count, duration, percent, size, speed
from pages.widgets.core_access import executor, store
from pages.widgets.errors import plain, shown_errors

POLL_SECONDS = 1.5
_COUNTED = {EFFICIENCY: "network", VISUALISE: "step"}  # what a job counts where that is not images
_TRAINING = ("training", "re-calibrating")  # how the words of a job begin while it makes its network


def queue_line(jobs: Sequence[Job]) -> None:
    """Draw what the queue is doing, what is left, and the button that cancels it. `jobs` are the open ones."""
    ahead = outlook(jobs, [job.id for job in jobs if _is_retrained(job)])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(ahead.running.share if ahead.running else 0.0, text=plain(_in_words(ahead)))
        if st.button("Cancel", help="Stops all that is queued. What is measured is kept; Run goes on from there."):
            with shown_errors():
                executor().cancel([job.id for job in jobs])


def job_words(job: Job) -> str:
    """Return how far a running job is: "evaluating 640 of 1,000 images at 34 images/s"."""
    if not job.total:
        return job.message or "starting"
    if job.message.startswith(_TRAINING):
        return _training_words(job)
    if job.kind == FETCH:
        return f"{job.message}, {size(job.done)} of {size(job.total)}"
    if job.kind in _COUNTED:
        return f"{job.message}, {job.done:,} of {count(job.total, _COUNTED[job.kind])}"
    rate = f" at {speed(job.speed)}" if job.speed else ""
    return f"{job.message} {job.done:,} of {job.total:,} images{rate}".strip()


def _training_words(job: Job) -> str:
    """Return how far a training is: "training: epoch 1 of 2, loss 1.234, 40 % at 24 images/s"."""
    rate = f" at {speed(job.speed)}" if job.speed else ""
    return f"{job.message}, {percent(job.share, 0)}{rate}"


def _is_retrained(job: Job) -> bool:
    """Return whether the network of a job is retrained before it is measured."""
    return job.kind == ACCURACY and _of_run(job.subject) is not None


@st.cache_resource(max_entries=4096, show_spinner=False)
def _of_run(run_id: str) -> Retraining | None:
    run = find_run(store(), run_id)
    return ExperimentSpec.from_json(run.spec).retraining if run else None


def _in_words(ahead: Outlook) -> str:
    now = f"{ahead.running.title}: {job_words(ahead.running)}" if ahead.running else "Starting the worker"
    if ahead.running and ahead.running.cancelling:
        now = f"{ahead.running.title}: stopping after this batch"
    parts = (
        now,
        f"{count(ahead.waiting, 'more', 'more')} in the queue" if ahead.waiting else "",
        _left(ahead),
    )
    return " · ".join(part for part in parts if part)


def _left(ahead: Outlook) -> str:
    """Return how long all of it takes; where that is not known, how long what is being done takes."""
    if ahead.seconds_left is not None:
        return f"about {duration(ahead.seconds_left)} left"
    seconds = ahead.running.seconds_left if ahead.running and ahead.running.message.startswith(_TRAINING) else None
    return f"about {duration(seconds)} left of this training" if seconds is not None else ""
