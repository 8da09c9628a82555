"""One layer at a time: how much each bears when it is pruned alone, and rates for the next run that follow from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.experiment import ExperimentSpec
from core.figures.sensitivity import sensitivity_map
from core.jobs.estimate import expected_speed
from core.jobs.executor import SENSITIVITY
from core.jobs.subject import Subject
from core.networks.network import Network
from core.pruning.masks import sparsity
from core.pruning.own import all_masks
from core.pruning.settings import Pruning
from core.sensitivity import (
    IMAGES,
    MOST_IMAGES,
    PART,
    RATES,
    TOLERANCE,
    Scan,
    applied,
    chosen_rates,
    known_points,
    scaled,
    sensitivity_table,
)
from core.store.queue import FAILED, OPEN, Job
from core.sweep import parse_rates, rates_text
from core.words import count, duration, percent
from pages.widgets.core_access import executor, keep_workers, store
from pages.widgets.errors import plain, shown_errors
from pages.widgets.look import is_dark
from pages.widgets.retry import offer_retry
from pages.widgets.tables import folded_table

_WHAT = (
    "One layer is pruned and all others stay dense; the drop of top-1 says how much that layer bears. Pruned together "
    "the layers can lose far more than the sum of what each loses alone: scale the rates, run them, retrain, and see."
)

Rates = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class _Found:
    """A scan of a network on its images, and what is known of it."""

    subject: Subject
    spec: ExperimentSpec  # of the dense network
    scan: Scan
    points: int
    table: pd.DataFrame

    @property
    def wanted(self) -> int:
        """How many points the scan has, over all parts of its images."""
        return len(self.scan.parts(self.subject.available())) * self.scan.points

    @property
    def whole(self) -> bool:
        """Whether each layer was pruned at each rate, be it on some of the images."""
        return self.points >= self.scan.points


def draw_sensitivity(subject: Subject, specs: Sequence[ExperimentSpec] | None, runs: pd.DataFrame) -> None:
    """Draw the section for what the sidebar sets; `specs` is None where a setting is refused, `runs` tell the speed."""
    section = st.expander("Sensitivity of single layers", key="alone", on_change="rerun", bind="query-params")
    if not section.open:
        return
    with section:
        st.caption(_WHAT)
        if not specs:
            st.info("Mend the settings above first: the scan follows them.")
            return
        with shown_errors(stop=False):
            found = _find(subject, specs[0].dense(), _choose_scan(specs))
            _offer(found, runs)
            _failed(found)
            _draw(found)


def _choose_scan(specs: Sequence[ExperimentSpec]) -> Scan:
    """Draw the choice of what is scanned: of what the sidebar sets one technique, its rates, and how many images."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        base = _choose_base(specs)
        text = st.text_input(
            "Rates of the layer",
            value=rates_text(RATES[base.technique]),
            help="Each layer alone is pruned at each of these: 0.1, 0.3, 0.5 or 0.1..0.9 by 0.2",
            key=f"alone_{base.technique}_rates",
            bind="query-params",
            width=230,
        )
        images = st.number_input(
            "Images a point", 1, MOST_IMAGES, IMAGES, PART, key="alone_images", bind="query-params", width=140,
            help=f"The first of the order that is common to all networks. Multiples of {PART} go on from what is "
            "measured.",
        )  # fmt: skip
    return Scan(base, parse_rates(text or ""), int(images))


def _choose_base(specs: Sequence[ExperimentSpec]) -> Pruning:
    """Return what the sidebar sets, of several the one that is picked."""
    bases = {scan.how: scan.base for scan in (Scan(spec.pruning) for spec in specs if not spec.is_control)}
    if len(bases) == 1:
        return next(iter(bases.values()))
    how = st.selectbox(
        "Pruned", list(bases), key="alone_how", bind="query-params", width=230,
        help="What the sidebar sets: technique, criterion, form; its layers and seed, too.",
    )  # fmt: skip
    return bases[how]


def _find(subject: Subject, spec: ExperimentSpec, scan: Scan) -> _Found:
    sha = subject.fingerprint()
    dense_id = spec.run_id(subject.network.sha256, sha or "not packed")
    found = known_points(store(), dense_id, scan, subject.available())
    return _Found(subject, spec, scan, len(found), sensitivity_table(found, scan))


def _offer(found: _Found, runs: pd.DataFrame) -> None:
    left = found.wanted - found.points
    if not left:
        return
    open_job = next((job for job in executor().list(OPEN) if _is_about(job, found)), None)
    with st.container(horizontal=True, vertical_alignment="center"):
        again = "Go on" if found.points else "Scan"
        if st.button(again, type="primary", disabled=open_job is not None, key="scan_button"):
            with shown_errors():
                executor().sensitivity(found.spec, found.scan)
                keep_workers()
            st.rerun()
        st.markdown(plain(_cost_in_words(found, runs, open_job)), width="content")


def _cost_in_words(found: _Found, runs: pd.DataFrame, open_job: Job | None) -> str:
    scan, available = found.scan, found.subject.available()
    asked = f"{count(scan.points, 'network')} on {count(min(scan.images, available), 'image')} each"
    done = f"{percent(found.points / found.wanted, 0)} done" if found.points else ""
    if open_job:
        state = "the map fills as it goes" if found.points else "waits for its turn"
        return " · ".join(part for part in (asked, done, state) if part)
    speed = expected_speed(runs, found.subject.preset.crop)
    time = duration(scan.passes(available, found.points) / speed.images_per_second) if speed else ""
    guess = "" if speed is None or speed.measured_here else " (a guess until something ran here)"
    return " · ".join(part for part in (asked, done, f"about {time}{guess}" if time else "") if part)


def _failed(found: _Found) -> None:
    """Tell why this scan failed, and offer to try it again."""
    for job in executor().list((FAILED,)):
        if not _is_about(job, found):
            continue
        offer_retry(job, "The scan failed")


def _is_about(job: Job, found: _Found) -> bool:
    return (
        job.kind == SENSITIVITY and job.request["kind"] == found.scan.kind and job.request["of"] == found.spec.to_json()
    )


def _draw(found: _Found) -> None:
    if found.table.empty:
        return
    classes, scan = len(found.subject.network.classes), found.scan
    tolerance, surely, scale = _choose_tolerance()
    chosen = chosen_rates(found.table, tolerance, surely=surely)
    _conclude(found, scaled(chosen, scale))
    figure = sensitivity_map(found.table, scan.layers, scan.rates, chosen, chance=1 / classes, dark=is_dark())
    st.plotly_chart(figure, key="alone_map", config={"displayModeBar": False})
    dense, images = float(found.table["dense"].max()), int(found.table["images"].max())
    st.caption(
        f"Change of top-1 in points on {count(images, 'image')}, where the dense network has {percent(dense)} and "
        f"chance is {percent(1 / classes)}. The colour goes by the square root of the drop, from none to chance; a "
        "gain has the colour of none. Up to the line each layer bears its rates. Hover for intervals."
    )
    formats = {"rate": "%.2f", "top1": "%.3f", "dense": "%.3f", "change": "%.3f", "mcnemar_p": "%.3g"}
    folded_table(f"Table of {count(len(found.table), 'network')}", found.table, found.table, "sensitivity", formats)


def _choose_tolerance() -> tuple[float, bool, float]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        drop = st.number_input(
            "Tolerated drop, points", 0.0, 99.0, 100 * TOLERANCE, 0.5, format="%.1f", key="alone_drop",
            bind="query-params", width=170, help="For each layer the last rate before the first that loses more.",
        )  # fmt: skip
        surely = st.toggle(
            "Surely",
            key="alone_surely",
            bind="query-params",
            help="The whole 95 % interval of the drop has to be tolerated, not only the drop that was measured. On few "
            "images hardly any rate is that sure.",
        )
        scale = st.number_input(
            "Scale", 0.05, 1.0, 1.0, 0.05, key="alone_scale", bind="query-params", width=130,
            help="The rates are multiplied by this and keep their proportions: together, layers bear less.",
        )  # fmt: skip
    return drop / 100, surely, scale


def _conclude(found: _Found, chosen: Rates) -> None:
    """Say which rates follow and what they remove, and offer to use them."""
    borne = [rate for _, rate in chosen if rate]
    removed = _sparsity(found.subject.network, applied(found.scan, chosen)) if borne else 0.0
    with st.container(horizontal=True, vertical_alignment="center"):
        used = st.button(
            "Use these rates",
            disabled=not (borne and found.whole),
            on_click=_use,
            args=(found.scan, chosen, removed),
            help="Writes the rates into the sidebar, under Layers and seed, and leaves only this technique chosen; the "
            "next Run measures the network that is pruned so.",
        )
        st.markdown(plain(_in_words(len(chosen), borne, removed)), width="content")
    if used:
        st.rerun()


def _in_words(layers: int, borne: Sequence[float], removed: float) -> str:
    if not borne:
        return f"none of {count(layers, 'layer')} bears the lowest rate"
    rates = f"{min(borne):.2f}" if min(borne) == max(borne) else f"{min(borne):.2f} to {max(borne):.2f}"
    return f"{len(borne)} of {count(layers, 'layer')} at {rates} · {percent(removed)} of the prunable weights removed"


def _use(scan: Scan, chosen: Rates, removed: float) -> None:
    """Set the sidebar; the rate of the curve, which no layer takes then, says what is removed in all."""
    base = scan.base
    rates = dict.fromkeys(scan.layers, 0.0) | dict(chosen)
    st.session_state["layer_rates"] = "\n".join(f"{name} {rate:g}" for name, rate in rates.items())
    st.session_state["technique"] = [base.technique]
    st.session_state["criterion"] = [base.criterion]
    st.session_state["scope"] = ["local"]
    st.session_state[f"{base.technique}_rates"] = f"{removed:.3f}"
    if base.technique == "structured":
        st.session_state["form"] = [base.form]


def _sparsity(network: Network, pruning: Pruning) -> float:
    return _removed(network.sha256, json.dumps(pruning.canonical(), sort_keys=True), network, pruning)


@st.cache_data(max_entries=256, show_spinner=False)
def _removed(sha: str, pruning_key: str, _network: Network, _pruning: Pruning) -> float:
    return sparsity(_network.module, all_masks(_network, _pruning)).prunable
