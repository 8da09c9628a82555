"""What the browser says about how it shows the page."""

from __future__ import annotations

import streamlit as st


def is_dark() -> bool:
    """Return whether the page is shown in the dark theme."""
    return st.context.theme.type == "dark"
