"""Wrong labels are the error that nothing else tells: a look at images before the first run, a warning after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluation.chance import chance_in_words, is_at_chance
from core.experiment import ExperimentSpec
from core.jobs.subject import Subject
from core.known_data import confirm, is_confirmed
from pages.widgets.core_access import store
from pages.widgets.data_sheet import draw_sheet
from pages.widgets.errors import plain, shown_errors


def offer_check(subject: Subject, runs: pd.DataFrame) -> None:
    """Show a dozen images with their class names until somebody finds them right or something was run on them.

    `runs` are those of the subject. Generated images need no look: their labels are drawn with them.
    """
    source, key = subject.source, subject.network.key
    if source.generated or len(runs) or is_confirmed(store().folder, key, source.identity()):
        return
    with st.expander("Nothing ran on these images yet: are they what they are called?", expanded=True):
        draw_sheet(source, subject.preset, subject.network.classes)
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("They are right", key="confirm_mapping"):
                with shown_errors():
                    confirm(store().folder, key, source.identity())
                    st.rerun()
            st.markdown(
                "If not, the mapping of the classes is wrong, and so would be every figure: *Data* shows it. After → "
                f"stands the name that {plain(subject.network.title)} has.",
                width="content",
            )


def dense_figures(runs: pd.DataFrame) -> dict[str, Any] | None:
    """Return what was measured of the dense network in `runs_frame`, without what was not; None if nothing was."""
    if "images" not in runs:
        return None
    measured = runs[runs["technique"].isna() & runs["images"].notna()].to_dict("records")
    dense = [row for row in measured if ExperimentSpec.from_json(row["spec"]).is_dense]
    return {str(key): value for key, value in dense[0].items() if pd.notna(value)} if dense else None


def warn_at_chance(subject: Subject, figures: Mapping[str, Any]) -> None:
    """Warn if the dense network is no better than guessing on these images."""
    present, classes = len(np.unique(subject.source.labels)), len(subject.network.classes)
    if is_at_chance(figures, present, classes):
        st.warning(
            plain(chance_in_words(figures, present, classes)),
            title="The dense network is no better than guessing on these images",
        )
