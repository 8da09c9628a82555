"""Choose what to prune and how, run it, and see accuracy fall as sparsity grows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import streamlit as st

from core.experiment import ExperimentSpec, Extent
from core.figures.axes import AXES, MEASURES, with_even_latency
from core.figures.curves import tradeoff_curves
from core.figures.pareto import comparable
from core.jobs.subject import Subject
from core.pruned_elsewhere import Beside
from core.results import find_detail, results_csv, results_table
from core.series import Series, series_of, with_series
from core.store.queue import FAILED, OPEN
from core.store.runs import runs_frame
from core.sweep import Sweep, images_in_words
from core.unpruned import came_pruned, zeros
from core.words import count, listed, percent
from pages.widgets.address import name_unknown
from pages.widgets.core_access import executor, keep_workers, prepare_demo, store
from pages.widgets.data_check import dense_figures, offer_check, warn_at_chance
from pages.widgets.detail import draw_detail
from pages.widgets.drawn import Drawn, choose_drawn, draw_front, list_front, offer_measuring
from pages.widgets.errors import plain, shown_errors
from pages.widgets.look import is_dark
from pages.widgets.needed import stop_without_network, subject_or_stop
from pages.widgets.network_clicked import clicked, draw_clicked
from pages.widgets.network_elsewhere import choose_elsewhere, draw_elsewhere, explain_elsewhere
from pages.widgets.progress import POLL_SECONDS, queue_line
from pages.widgets.router import through_router
from pages.widgets.run_row import Asked, run_row
from pages.widgets.sensitivity import draw_sensitivity
from pages.widgets.settings import read_settings
from pages.widgets.surveys import Below, choose_below, draw_below, explain_below, offer_surveys
from pages.widgets.trained import offer_to_watch
from pages.widgets.training_images import with_training_images

CHART = "curves"


@dataclass(frozen=True)
class View:
    """What the page shows: a network and images, and what is asked for on them (None where a setting is refused)."""

    subject: Subject
    asked: Asked | None

    @property
    def specs(self) -> tuple[ExperimentSpec, ...] | None:
        """The experiments that are asked for."""
        return self.asked.specs if self.asked else None

    @cached_property
    def curves(self) -> frozenset[Series] | None:
        """The curves that are asked for; None: all."""
        found = {series_of(spec) for spec in self.specs or ()}
        return frozenset(one for one in found if one) if self.specs else None

    def all_runs(self) -> pd.DataFrame:
        """Return the runs of all networks on these images, with `series`; empty while these are not packed."""
        return with_series(runs_frame(store(), data_sha=self.subject.fingerprint() or "not packed"))

    def own(self, runs: pd.DataFrame) -> pd.DataFrame:
        """Return those of `all_runs` that are of this network, with even latency."""
        return with_even_latency(runs[runs["network_sha"] == self.subject.network.sha256])


def page() -> None:
    """Draw the page."""
    settings = read_settings()
    with shown_errors():
        store()
    stop_without_network(settings.network, settings.weights)
    subject = subject_or_stop(ExperimentSpec(settings.network, settings.weights, settings.data, settings.preprocess))
    with shown_errors():
        working = bool(executor().list(OPEN))
    view = View(subject, None)
    with shown_errors(stop=False):
        sweep, extent = settings.sweep(), settings.extent()
        _headline(sweep, extent, subject)
        sweep, pools = with_training_images(sweep, subject)
        view = View(subject, Asked(tuple(sweep.specs()), extent, pools))
    st.fragment(_live, run_every=POLL_SECONDS if working else None)(view, working)
    prepare_demo()


def _headline(sweep: Sweep, extent: Extent, subject: Subject) -> None:
    source = subject.source
    images = images_in_words(source.title, source.generated, extent, len(source))
    st.markdown(plain(sweep.in_words(subject.network.title, images)))


def _live(view: View, working: bool) -> None:
    """Draw what changes while networks are measured; runs again by itself as long as there are jobs."""
    with shown_errors():
        jobs = executor().list(OPEN)
        if working and not jobs:
            st.rerun()
        on_these = view.all_runs()
        runs = view.own(on_these)
        with st.container():
            if view.asked is not None:
                run_row(runs, view.subject, view.asked)
                offer_check(view.subject, runs)
        with st.container():  # also where nothing is queued: what stands below keeps its place
            if jobs:
                keep_workers()
                queue_line(jobs)
                offer_to_watch(jobs, runs)
        _results(view, runs, on_these, working=bool(jobs))
        draw_sensitivity(view.subject, view.specs, runs)


def _results(view: View, runs: pd.DataFrame, on_these: pd.DataFrame, *, working: bool) -> None:
    if figures := dense_figures(runs):
        warn_at_chance(view.subject, figures)
    name_unknown("x", "axis", list(AXES))
    name_unknown("y", "measure", list(MEASURES))
    drawn = choose_drawn()
    below = choose_below(runs)
    others = choose_elsewhere(on_these, view.subject)
    shown = runs if drawn.everything or view.curves is None else _chosen(runs, view.curves)
    _failures(shown)
    chosen = st.query_params.get("run", "")
    known = chosen in set(shown["id"])
    detail = find_detail(store(), chosen, view.subject.network.classes) if known else None
    other = clicked(others, chosen)
    with st.container(horizontal=True) if detail or other else st.container():
        with st.container(width="stretch"):
            if "images" in shown and shown["images"].notna().any():
                _curves(view.subject, shown, drawn, below, others, chosen)
            else:
                _nothing_yet(working=working)
        if detail:
            with st.container(width=360, border=True):
                draw_detail(detail)
        elif other:
            with st.container(width=360, border=True):
                draw_clicked(other)


def _chosen(runs: pd.DataFrame, curves: frozenset[Series]) -> pd.DataFrame:
    wanted = [one is None or one in curves for one in runs["series"]]
    return runs[pd.Series(wanted, index=runs.index, dtype=bool)]


def _failures(runs: pd.DataFrame) -> None:
    failed = runs[runs["state"] == FAILED] if "state" in runs else runs.iloc[:0]
    if failed.empty:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        why = listed(sorted(set(failed["message"])))
        st.error(plain(why), title=f"{count(len(failed), 'network')} failed")
        if st.button("Try again"):
            with shown_errors():
                wanted = {f"accuracy-{run_id}" for run_id in failed["id"]}
                for job in executor().list((FAILED,)):
                    if job.id in wanted:
                        executor().retry(job)
            st.rerun()


def _nothing_yet(*, working: bool) -> None:
    text = "The first points land here as soon as their first batch is evaluated."
    if not working:
        text = (
            "Here accuracy is drawn against what is pruned. Nothing is measured yet with these settings on this "
            "network and these images: *Run* measures it."
        )
    st.info(text)


def _curves(
    subject: Subject, runs: pd.DataFrame, drawn: Drawn, below: Below | None, others: Beside | None, chosen: str
) -> None:
    classes = len(subject.network.classes)
    figure = tradeoff_curves(runs, classes, x=drawn.axis, y=drawn.measure, selected=chosen, dark=is_dark())
    figure = draw_elsewhere(figure, others, drawn.axis, drawn.measure)
    figure = draw_front(figure, drawn, runs)
    if below:
        figure = draw_below(figure, below, runs, subject, drawn.axis)
    st.plotly_chart(
        figure, key=CHART, on_select=_keep_selection, selection_mode="points",
        config={"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]},
    )  # fmt: skip
    st.caption("Click a point for its layers, its worst classes and what it looks at. Drag to zoom.")
    _explain_zeros(runs)
    explain_elsewhere(others, drawn.axis)
    offer_measuring(drawn, runs)
    list_front(drawn, runs)
    _explain_front(drawn, runs)
    if below:
        offer_surveys(below, runs, subject)
        explain_below(below)
    _table(runs)


def _explain_zeros(runs: pd.DataFrame) -> None:
    """Say what rate and sparsity are of, if the network came with zeros of its own."""
    share = zeros(dense_figures(runs) or {})
    if came_pruned(share):
        st.caption(
            f"The network came with {percent(share)} of its parameters zero. Sparsity counts them with what is "
            "removed here; a rate is of what is removed here, whether it was zero or not."
        )


def _explain_front(drawn: Drawn, runs: pd.DataFrame) -> None:
    """Say which networks the front leaves out, if it is asked for and leaves any out."""
    measured = runs.dropna(subset=["images"])
    found = comparable(measured, drawn.axis)
    left_out = len(measured) - len(found)
    if not (drawn.front and left_out):
        return
    images = f" on {count(int(found['images'].min()), 'image')} or more, as most are" if len(found) else ""
    held = ", and whose masks were held: else the nominal rate is not what is removed" if drawn.axis == "rate" else ""
    st.caption(
        f"Compared are networks whose measurement is finished{images}{held}. That leaves out {left_out:,} of "
        f"{count(len(measured), 'network')}."
    )


def _keep_selection() -> None:
    """Keep the clicked run in the URL, where it outlives the redrawing of the chart and can be shared."""
    clicked = st.session_state[CHART].selection.points
    if clicked:
        st.query_params["run"] = str(clicked[0]["customdata"])


def _table(runs: pd.DataFrame) -> None:
    table = results_table(runs)
    with st.expander(f"Table of {count(len(table), 'network')}"):
        decimals = st.column_config.NumberColumn(format="%.1f")
        st.dataframe(
            table,
            hide_index=True,
            column_config={
                **{name: decimals for name in table.columns if name not in _PLAIN},
                "rate": st.column_config.NumberColumn(format="%.2f"),
                "loss": st.column_config.NumberColumn(format="%.3f"),
                "mcnemar_p": st.column_config.NumberColumn("McNemar p", format="%.3g"),
                "images_per_second": st.column_config.NumberColumn("images/s", format="%.0f"),
                "id": "run",
            },
        )
        st.download_button("Download as CSV", results_csv(runs), "prunescope-runs.csv", "text/csv", on_click="ignore")


_PLAIN = ("technique", "criterion", "scope", "more", "images", "shipped", "id")

through_router()
page()
