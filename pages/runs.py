"""The queue, and everything that was ever measured."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.jobs.devices import devices
from core.jobs.process import has_worker
from core.results import history
from core.series import with_series
from core.store.queue import FAILED, OPEN, RUNNING, Job, forget
from core.store.retrained import has_weights
from core.store.runs import delete_runs, runs_frame
from core.words import count, duration
from pages.widgets.core_access import executor, keep_workers, store
from pages.widgets.errors import plain, shown_errors
from pages.widgets.progress import POLL_SECONDS, job_words, queue_line
from pages.widgets.router import through_router

_FILTERS = ("network", "data", "technique", "state")
_LOG_LINES = 400
_JOBS_SHOWN = 5
_MOST_TILES = 6


def page() -> None:
    """Draw the page."""
    with shown_errors():
        working = bool(executor().list(OPEN))
        st.fragment(_queue, run_every=POLL_SECONDS if working else None)(working)
        _stopped_jobs()
        _history()


def _queue(working: bool) -> None:
    """Draw the open jobs and the workers; runs again by itself while there are jobs."""
    with shown_errors():
        jobs = executor().list(OPEN)
        if working and not jobs:
            st.rerun()
        st.subheader("Queue", anchor=False)
        if not jobs:
            st.caption(f"Nothing is queued. {_workers_in_words()}")
            return
        keep_workers()
        queue_line(jobs)
        for job in jobs[:_JOBS_SHOWN]:
            _open_job(job)
        if later := jobs[_JOBS_SHOWN:]:
            with st.expander(f"{len(later):,} more, waiting"):
                for job in later:
                    _open_job(job)
        st.caption(_workers_in_words())


def _workers_in_words() -> str:
    alive = [device for device in devices() if has_worker(store(), device)]
    if alive:
        return f"A worker is alive on {', '.join(alive)}; it takes runs first in, first out, and outlives this page."
    return "No worker is alive; one starts by itself as soon as something is queued."


def _open_job(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(plain(job.title), width="stretch")
        st.caption(plain(_job_state(job)), width="content")
        _log(job)
        if st.button("Cancel", key=f"cancel-{job.id}", disabled=job.cancelling):
            executor().cancel([job.id])
            st.rerun()


def _job_state(job: Job) -> str:
    if job.cancelling:
        return "stopping after this batch"
    if job.state != RUNNING:
        return "waiting"
    left = f", {duration(job.seconds_left)} left" if job.seconds_left is not None else ""
    return f"{job_words(job)}{left}"


def _stopped_jobs() -> None:
    """Show the jobs that failed, with their reason, until they are tried again or dismissed."""
    failed = executor().list((FAILED,))
    if not failed:
        return
    st.subheader("Failed", anchor=False)
    for job in failed:
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.markdown(f"{plain(job.title)}  \n:red[{plain(job.message)}]", width="stretch")
            _log(job)
            if st.button("Try again", key=f"retry-{job.id}"):
                executor().retry(job)
                st.rerun()
            if st.button("Dismiss", key=f"dismiss-{job.id}"):
                forget(store(), [job.id])
                st.rerun()


def _log(job: Job) -> None:
    """Offer what the job wrote; a popover, because a dialog would close when the queue draws itself anew."""
    popover = st.popover("Log", key=f"log-{job.id}", on_change="rerun")
    if popover.open:
        lines = executor().logs(job.id).splitlines()[-_LOG_LINES:]
        text = "\n".join(lines) or "Nothing was written yet."
        popover.code(text, language=None, wrap_lines=True, width=560, height=320)


def _history() -> None:
    st.subheader("History", anchor=False)
    runs = history(with_series(runs_frame(store())))
    if runs.empty:
        st.info("Every run that was ever asked for is listed here. There is none yet: *Trade-offs* makes the first.")
        st.page_link("pages/tradeoffs.py", label="Go to Trade-offs")
        return
    shown = _filtered(runs)
    chosen = _table(shown)
    _actions(chosen)


def _filtered(runs: pd.DataFrame) -> pd.DataFrame:
    with st.container(horizontal=True):
        for column in _FILTERS:
            values = sorted(runs[column].unique())
            wanted = st.multiselect(
                column.capitalize(), values, key=f"only_{column}", bind="query-params", placeholder="all", width=220
            )
            runs = runs[runs[column].isin(wanted)] if wanted else runs
    return runs


def _table(runs: pd.DataFrame) -> pd.DataFrame:
    percent = st.column_config.NumberColumn(format="%.1f")
    event = st.dataframe(
        runs,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key="history",
        column_config={
            "rate": st.column_config.NumberColumn(format="%.2f"),
            "sparsity %": percent,
            "top-1 %": percent,
            "low": percent,
            "high": percent,
            "images": st.column_config.NumberColumn(format="localized"),
            "images/s": st.column_config.NumberColumn(format="%.0f"),
            "made (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "id": "run",
        },
    )
    return runs.iloc[event.selection.rows]


def _actions(chosen: pd.DataFrame) -> None:
    if chosen.empty:
        st.caption("Tick rows to look inside these networks or to delete them.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Look inside", disabled=len(chosen) > _MOST_TILES, help=f"In Saliency: up to {_MOST_TILES} networks"
        ):
            ids = chosen["id"].tolist()
            st.switch_page("pages/saliency.py", query_params={"run": ids[0], "runs": ",".join(ids)})
        if st.button("Delete …"):
            _confirm(chosen)


@st.dialog("Delete runs")
def _confirm(chosen: pd.DataFrame) -> None:
    ids = chosen["id"].tolist()
    if {job.subject for job in executor().list(OPEN)} & set(ids):
        st.warning("Some of these are queued or running. Cancel them first, then delete them.")
        return
    st.markdown(f"{count(len(chosen), 'run')} and all that was measured on {_them(len(chosen))} will be gone.")
    if retrained := sum(has_weights(store().folder, one) for one in ids):
        st.markdown(f"So will what retraining made: {count(retrained, 'network')}, which took its time.")
    if chosen["shipped"].any():
        st.caption("Runs that shipped with the demo come back at the next start of the app.")
    with st.container(horizontal=True):
        if st.button(f"Delete {count(len(chosen), 'run')}", type="primary"):
            with shown_errors():
                delete_runs(store(), ids)
            st.rerun()
        if st.button("Keep them"):
            st.rerun()


def _them(number: int) -> str:
    return "it" if number == 1 else "them"


through_router()
page()
