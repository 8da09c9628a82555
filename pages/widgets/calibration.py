"""Whether the networks are right as often as they are sure."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.evaluation.calibration import (
    BINS,
    calibration_error,
    calibration_floor,
    overconfidence,
    reliability,
)
from core.figures.reliability import reliability_diagram
from core.forgetting import reliability_table
from core.predictions import Predictions
from core.unpruned import DENSE
from core.words import percent, points
from pages.widgets.look import is_dark
from pages.widgets.said import Said
from pages.widgets.tables import folded_table

_ECE = (
    f"Expected calibration error: |accuracy − mean confidence| in {BINS} equally wide bins of confidence, weighted by "
    "their images (Guo et al. 2017, arXiv 1706.04599; Naeini et al. 2015). 0 is perfect. With few images it is never "
    "0: “by chance” is what a perfectly calibrated network of the same confidences would score."
)
_EXCESS = (
    "Mean confidence less accuracy: positive where the network is surer than it is right, negative where less sure."
)


@dataclass(frozen=True, eq=False)
class Calibration:
    """The reliability diagram of a network and its figures."""

    bins: pd.DataFrame
    error: float
    floor: float
    excess: float


def draw_calibration(said: Said) -> None:
    """Draw the reliability diagrams of both networks and their calibration errors."""
    both = ((said.base, said.dense), (said.who, said.pruned))
    dense, pruned = (_calibration(said.key, who, one) for who, one in both)
    st.caption(
        f"How often a network is right when it is how sure: mean accuracy of the images in each of {BINS} bins of the "
        "likeliest class's probability, with Wilson's 95 % interval. Points below the dotted line: overconfident. "
        "Below: how many images a bin holds (Guo et al. 2017, arXiv 1706.04599)."
    )
    _figures(dense, pruned, said.base, said.who)
    titles = (said.family.dense.title if said.family.dense else DENSE, said.member.title)
    figure = reliability_diagram(dense.bins, pruned.bins, titles, said.technique, dark=is_dark())
    st.plotly_chart(figure, key="reliability", config={"displayModeBar": False})
    raw = pd.concat([dense.bins.assign(network=said.base), pruned.bins.assign(network=said.who)])
    table = reliability_table(dense.bins, pruned.bins, said.who, said.base)
    shares = [column for column in table.columns if column not in ("network", "images")]
    folded_table("Table of bins", table, raw, f"calibration-{said.member.id}", dict.fromkeys(shares, "%.1f"))


def _figures(dense: Calibration, pruned: Calibration, base: str, name: str) -> None:
    columns = st.columns(4)
    for pair, who, one in ((columns[:2], base, dense), (columns[2:], name, pruned)):
        floor = f"{percent(one.floor)} by chance"
        pair[0].metric(f"ECE, {who}", percent(one.error), floor, help=_ECE, delta_color="off", delta_arrow="off")
        pair[1].metric(f"Overconfidence, {who}", points(one.excess), help=_EXCESS)


@st.cache_resource(max_entries=64, show_spinner=False)
def _calibration(key: tuple[str, int | None, int], who: str, _said: Predictions) -> Calibration:
    bins = reliability(_said)
    return Calibration(bins, calibration_error(_said), calibration_floor(_said), overconfidence(_said))
