"""The way of every page through app.py."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

_DONE = "went through app.py"


def through_router() -> None:
    """Start again through app.py if Streamlit ran this page by itself. Each page calls it first.

    Until app.py has called `st.navigation` once, Streamlit takes the files of pages/ for the pages of an older kind
    of app: whoever opens /saliency or /runs first after the start would see the page without navigation or layout.
    Done at most once a session, so that it cannot go on for ever.
    """
    by_itself = PagesManager.uses_pages_directory and not st.session_state.get(_DONE)
    st.session_state[_DONE] = True
    if by_itself:
        PagesManager.uses_pages_directory = False
        st.rerun()
