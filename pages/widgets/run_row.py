"""What the settings would cost, and the button that runs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.data.pack import pack_cost
from core.experiment import ExperimentSpec, Extent
from core.jobs.estimate import Estimate, Speed, estimate
from core.jobs.subject import Subject
from core.words import count, duration, size, speed
from pages.widgets.core_access import executor, keep_workers
from pages.widgets.errors import plain


@dataclass(frozen=True)
class Asked:
    """What the settings ask for."""

    specs: tuple[ExperimentSpec, ...]
    extent: Extent
    pools: Mapping[str, int]  # how many training images there are, by their identity


def run_row(runs: pd.DataFrame, subject: Subject, asked: Asked) -> None:
    """Draw the button and beside it what it costs; `runs` is `runs_frame` of the subject."""
    cost = estimate(runs, asked.specs, subject, asked.extent, asked.pools)
    button, words = st.columns([1, 9], vertical_alignment="center", wrap=False)
    words.markdown(plain(_in_words(cost, subject, asked.extent)))
    if button.button("Run", type="primary", disabled=not cost.new, width="stretch", key="run_button"):
        with st.spinner("Queueing …"):
            executor().submit(asked.specs, asked.extent)
            keep_workers()
        st.rerun()


def _in_words(cost: Estimate, subject: Subject, extent: Extent) -> str:
    if not cost.new:
        return _nothing_to_run(cost)
    parts = (
        count(cost.new, "new network"),
        _time(cost, "at most" if extent.precision is not None else "about"),
        _packing(subject),
        f"{cost.open:,} queued" if cost.open else "",
        f"{cost.known:,} known" if cost.known else "",
    )
    return " · ".join(part for part in parts if part)


def _time(cost: Estimate, bound: str) -> str:
    if cost.seconds is None:
        return "how long is known once something ran on this device"
    parts = [f"{bound} {duration(cost.seconds)}"]
    if cost.trained and cost.training_speed:
        seconds = cost.trained / cost.training_speed.images_per_second
        parts.append(f"of it {duration(seconds)} training {_at(cost.training_speed, 'something was trained here')}")
    if cost.images and cost.speed:
        parts.append(("evaluation " if cost.trained else "") + _at(cost.speed, "something ran here"))
    return ", ".join(parts) if cost.trained else " ".join(parts)


def _at(rate: Speed, until: str) -> str:
    guess = "" if rate.measured_here else f" (a guess until {until})"
    return f"at {speed(rate.images_per_second)}{guess}"


def _nothing_to_run(cost: Estimate) -> str:
    if cost.open:
        return f"{count(cost.open, 'network')} queued, {cost.known:,} known"
    return f"{count(cost.known, 'network')} asked for, all known this exactly"


def _packing(subject: Subject) -> str:
    if subject.packed() is not None:
        return ""
    cost = pack_cost(subject.source, subject.preset, subject.cache)
    if not cost.images:
        return "before that, the packed images are checked"
    return f"before that, once, {count(cost.images, 'image')} to pack ({size(cost.bytes)})"
