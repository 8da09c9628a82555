"""A job that failed: why, and the button that asks for it again."""

from __future__ import annotations

import streamlit as st

from core.store.queue import Job
from pages.widgets.core_access import executor, keep_workers
from pages.widgets.errors import plain, shown_errors


def offer_retry(job: Job, title: str) -> None:
    """Tell, under `title`, why a job failed, and offer to try it again."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.error(plain(job.message), title=plain(title))
        if st.button("Try again", key=f"retry {job.id}"):
            with shown_errors():
                executor().retry(job)
                keep_workers()
            st.rerun()
