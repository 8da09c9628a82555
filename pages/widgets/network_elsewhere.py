"""Networks that were pruned elsewhere, beside the curves of Trade-offs."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.experiment import ExperimentSpec
from core.figures.axes import ACROSS, AXES
from core.figures.elsewhere import placed_elsewhere, with_elsewhere
from core.jobs.subject import Subject
from core.known_networks import KnownNetwork
from core.pruned_elsewhere import Beside, beside, candidates
from core.pruning.description import NetworkDescription
from core.words import listed
from pages.widgets.address import name_unknown
from pages.widgets.errors import plain
from pages.widgets.network_known import description_of

ELSEWHERE = "pruned_elsewhere"  # in the URL


def choose_elsewhere(runs: pd.DataFrame, subject: Subject) -> Beside | None:
    """Draw the choice of other networks measured on the same images, and return those chosen; None if none are.

    `runs` is `runs_frame` with `series` of all networks on these images.
    """
    found = candidates(runs, subject.network.sha256)
    name_unknown(ELSEWHERE, "network on these images", found["title"].tolist())
    if found.empty:
        return None
    chosen = st.multiselect(
        "Pruned elsewhere",
        found["title"].tolist(),
        key=ELSEWHERE,
        bind="query-params",
        placeholder="none",
        width=420,
        help="Other networks that were measured on these images, such as checkpoints pruned elsewhere: added and "
        "measured on the page Networks. Drawn by what is really zero in them.",
    )
    rows = found[found["title"].isin(chosen)]
    return beside(rows, _described(rows), subject.network.classes) if len(rows) else None


def _described(rows: pd.DataFrame) -> dict[str, NetworkDescription]:
    """Return what the files of networks are, by fingerprint, as far as they are still what was measured."""
    specs = (ExperimentSpec.from_json(text) for text in rows["spec"])
    found = (description_of(KnownNetwork(spec.network, spec.network, spec.weights)) for spec in specs)
    return {one.sha256: one for one in found if isinstance(one, NetworkDescription)}


def draw_elsewhere(figure: go.Figure, chosen: Beside | None, x: str, y: str) -> go.Figure:
    """Add the chosen networks to the figure of the curves."""
    return with_elsewhere(figure, chosen.rows, x=x, y=y) if chosen else figure


def explain_elsewhere(chosen: Beside | None, x: str) -> None:
    """Say how the chosen networks are drawn, and which are not and why."""
    if chosen is None:
        return
    drawn = placed_elsewhere(chosen.rows, x)
    unknown = drawn[drawn[ACROSS].isna()]["title"].tolist()
    told = [f"{title} is left out: {why}." for title, why in chosen.left_out.items()]
    told += [f"{x} not known of {listed(unknown)}."] if unknown else []
    if x == "rate" and len(drawn):
        told.insert(0, "The nominal rate of networks pruned elsewhere is not known: they stand at their sparsity.")
    elif len(drawn) and not AXES[x].cost:
        told.insert(0, "Open diamonds: networks pruned elsewhere, at the share of their prunable weights that is zero.")
    if told:
        st.caption(plain(" ".join(told)))
