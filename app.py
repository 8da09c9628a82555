"""The router: page configuration and navigation, nothing else."""

from __future__ import annotations

import streamlit as st

st.set_page_config(page_title="Prunescope", layout="wide", initial_sidebar_state=320)
st.navigation(
    [
        st.Page("pages/tradeoffs.py", title="Trade-offs", default=True),
        st.Page("pages/saliency.py", title="Saliency"),
        st.Page("pages/forgetting.py", title="Forgetting"),
        st.Page("pages/units.py", title="Units"),
        st.Page("pages/data.py", title="Data"),
        st.Page("pages/networks.py", title="Networks"),
        st.Page("pages/runs.py", title="Runs"),
    ],
    position="top",
).run()
