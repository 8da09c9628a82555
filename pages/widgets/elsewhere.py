"""Retrained networks whose weights are not on this machine, or damaged: what one can do about it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.experiment import ExperimentSpec
from core.store.queue import OPEN
from core.store.retrained import delete_weights
from pages.widgets.core_access import executor, keep_workers, store
from pages.widgets.errors import shown_errors

_HELP = "In the background: it takes as long as retraining takes, and measures anew. The page Runs tells how far it is."


def offer_retraining(runs: Mapping[str, ExperimentSpec], key: str) -> None:
    """Draw the button that has these runs retrained anew here; where that is under way already, say so."""
    under_way = {job.subject for job in executor().list(OPEN)}
    wanted = {run_id: spec for run_id, spec in runs.items() if run_id not in under_way}
    it = "it" if len(runs) == 1 else "them"
    if not wanted:
        st.caption(f"Retraining {it} here is under way: the page Runs tells how far.")
    elif st.button(f"Retrain {it} here", key=f"retrain {key}", help=_HELP):
        with shown_errors(stop=False):
            _retrain(wanted)
            st.rerun()


def _retrain(wanted: Mapping[str, ExperimentSpec]) -> None:
    delete_weights(store().folder, wanted)  # damaged ones would count as being here
    executor().remake(wanted.values())
    keep_workers()
