"""What the chart of Trade-offs is drawn in: its axes, the front, and what is still to be measured for them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.experiment import ExperimentSpec
from core.figures.axes import AXES, MEASURES, Axis, missing
from core.figures.pareto import pareto_front, with_front
from core.jobs.executor import EFFICIENCY
from core.results import front_table
from core.store.queue import FAILED, OPEN
from core.words import count, listed
from pages.widgets.core_access import executor, keep_workers, store
from pages.widgets.errors import plain, shown_errors
from pages.widgets.look import is_dark
from pages.widgets.retry import offer_retry

_NOT_FASTER = (
    "Zeros that are only masked make nothing faster and nothing smaller in memory; only channels that are really "
    "taken out do. Where pruning removed whole channels, what counts here is the network without them; of the others "
    "(unstructured pruning, and connections that other layers still use), the dense network's own cost."
)
_ZEROS = "Zeros count as gone here; they save room on the disk where they are compressed, and no time."


@dataclass(frozen=True)
class Drawn:
    """What is drawn: names of `AXES` and `MEASURES`, the front or not, the curves that are set or all."""

    axis: str
    measure: str
    front: bool
    everything: bool


def choose_drawn() -> Drawn:
    """Draw the choices, all of them in the URL."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        axis = st.segmented_control(
            "Across",
            list(AXES),
            default="rate",
            required=True,
            help="; ".join(f"{one.name}: {one.meaning}" for one in AXES.values()),
            key="x",
            bind="query-params",
        )
        measure = st.segmented_control(
            "Up",
            list(MEASURES),
            default="top-1",
            required=True,
            help="top-1: the likeliest class is right; top-5: one of the five likeliest is; loss: cross-entropy, nats",
            key="y",
            bind="query-params",
        )
        front = st.toggle(
            "Pareto front",
            help="The networks that none other beats both up and across.",
            key="front",
            bind="query-params",
        )
        everything = st.toggle(
            "All known curves",
            help="Show everything measured on this network and these images, not only what is set.",
            key="all",
            bind="query-params",
        )
    return Drawn(str(axis), str(measure), front, everything)


def offer_measuring(drawn: Drawn, runs: pd.DataFrame) -> None:
    """Say what an axis of costs means, and offer to measure the networks whose cost is not known."""
    axis = AXES[drawn.axis]
    if not axis.cost:
        return
    st.caption(_about(axis, runs))
    _failed(runs)
    lacking = _not_asked(missing(runs, axis))
    if lacking.empty:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Measure", type="primary", help="Size and speed of these networks, in the background"):
            with shown_errors():
                executor().efficiency([ExperimentSpec.from_json(text) for text in lacking["spec"]])
                keep_workers()
            st.rerun()
        measured = count(int(runs["images"].notna().sum()), "network")
        st.markdown(plain(f"{axis.name} not known of {len(lacking):,} of {measured}"), width="content")


def _not_asked(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs that are not about to be measured."""
    asked = {text for job in executor().list(OPEN) if job.kind == EFFICIENCY for text in job.request["specs"]}
    return runs[~runs["spec"].isin(asked)]


def _failed(runs: pd.DataFrame) -> None:
    """Tell why a measurement of these networks failed, and offer to try it again."""
    shown = set(runs["spec"])
    for job in executor().list((FAILED,)):
        if job.kind == EFFICIENCY and shown & set(job.request["specs"]):
            offer_retry(job, "Measuring size and speed failed")


def _about(axis: Axis, runs: pd.DataFrame) -> str:
    if axis.name == "parameters":
        return _ZEROS
    if axis.name != "latency" or "speed_device" not in runs:
        return _NOT_FASTER
    devices = sorted(set(runs.dropna(subset=["latency_ms"])["speed_device"]))
    said = f" Measured on {plain(listed(devices))}." if devices else ""
    return _NOT_FASTER + said + (" Times of different devices do not compare." if len(devices) > 1 else "")


def draw_front(figure: go.Figure, drawn: Drawn, runs: pd.DataFrame) -> go.Figure:
    """Add the front to the figure of the runs, if it is asked for."""
    if not drawn.front:
        return figure
    return with_front(figure, runs, x=drawn.axis, y=drawn.measure, dark=is_dark())


def list_front(drawn: Drawn, runs: pd.DataFrame) -> None:
    """List the front's networks under the chart, if it is asked for."""
    if not drawn.front:
        return
    front = pareto_front(runs, drawn.axis, drawn.measure)
    table = front_table(store(), front, AXES[drawn.axis])
    st.caption(
        f"Pareto front: {count(len(table), 'network')} that none other beats both in {drawn.measure} and in "
        f"{drawn.axis}. Networks whose intervals overlap may owe their place to chance."
    )
    st.dataframe(table, hide_index=True, column_config={"top-1 %": st.column_config.NumberColumn(format="%.1f")})
