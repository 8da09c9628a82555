"""The panel under the accuracy: what is drawn there, and the survey that it takes. The URL holds the choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.experiment import ExperimentSpec
from core.figures.surveys import Panel, with_panels
from core.interpretability.attribution.registry import METHODS
from core.interpretability.question import Question
from core.interpretability.survey import MEASURES, instrument_of
from core.jobs.estimate import expected_speed, survey_seconds
from core.jobs.subject import Subject
from core.store.queue import FAILED, Job
from core.surveys import IMAGES, YARDSTICKS, Survey, known_surveys, survey_frame, yardsticks
from core.words import count, duration
from pages.widgets.core_access import executor, is_here, keep_workers, store
from pages.widgets.elsewhere import offer_retraining
from pages.widgets.errors import plain, shown_errors
from pages.widgets.look import is_dark
from pages.widgets.retry import offer_retry

_FIRST = "Spearman"
_MOST_IMAGES = 5000


@dataclass(frozen=True)
class Below:
    """What is drawn below the accuracy: measures of one question, with one curve or two a series."""

    question: Question
    images: int
    measures: tuple[str, ...]
    split: bool

    def survey(self, measure: str) -> Survey:
        """Return the survey that measures it."""
        return Survey(self.question, instrument_of(measure).name, self.images)

    @property
    def surveys(self) -> dict[str, Survey]:
        """The surveys that the measures take, by instrument."""
        return {survey.instrument: survey for survey in map(self.survey, self.measures)}


def choose_below(runs: pd.DataFrame) -> Below | None:
    """Draw the choice of what stands below the accuracy of `runs` (as `runs_frame`, with `series`); None: nothing."""
    shorts = {scale.short: scale.name for scale in MEASURES.values()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Below the accuracy",
            list(shorts),
            default=[_FIRST],
            key="below",
            bind="query-params",
            placeholder="nothing",
            width=330,
            help="Whether a pruned network still looks where the dense one looks: agreement of the maps, whether they "
            "lie on the object, whether the network uses what they mark.",
        )
        if not chosen:
            return None
        question = _choose_question(runs)
        images = st.number_input(
            "Images", 2, _MOST_IMAGES, IMAGES, 50, key="surveyed", bind="query-params", width=130,
            help="The first of the order that is common to all networks, balanced over the classes.",
        )  # fmt: skip
        split = st.toggle(
            "Kept and lost apart",
            key="split",
            bind="query-params",
            help="Filled: images that the dense network knows and the pruned one still knows. Open: images it lost.",
        )
    return Below(question, int(images), tuple(shorts[short] for short in chosen), split)


def _choose_question(runs: pd.DataFrame) -> Question:
    """Draw the choice of the maps: each method with its defaults, and whatever else was surveyed already."""
    questions = {method.title: Question(name) for name, method in METHODS.items()}
    usual = {question.id for question in questions.values()}
    dense = _dense_id(runs)
    others = [survey.question for survey in known_surveys(store(), dense)] if dense else []
    questions |= {question.in_words(): question for question in others if question.id not in usual}
    title = st.selectbox(
        "Maps by",
        list(questions),
        index=[question.id for question in questions.values()].index(Question().id),
        key="by",
        bind="query-params",
        width=190,
        help="The attribution method with its default parameters, for the true class. Other questions, surveyed by "
        "`python -m core agreement`, stand at the end.",
    )
    return questions[title]


def _dense_id(runs: pd.DataFrame) -> str | None:
    dense = runs.loc[runs["series"].isna(), "id"]
    return str(dense.iloc[0]) if len(dense) else None


def draw_below(figure: go.Figure, below: Below, runs: pd.DataFrame, subject: Subject, axis: str) -> go.Figure:
    """Add the panels to the figure of the accuracy; `runs` are those drawn there, as `runs_frame` with `series`."""
    known = {name: _known(survey, runs, subject) for name, survey in below.surveys.items()}
    panels = [Panel(measure, *known[below.survey(measure).instrument]) for measure in below.measures]
    return with_panels(figure, runs, panels, x=axis, split=below.split, dark=is_dark())


def explain_below(below: Below) -> None:
    """Say what each measure means, and what the yardsticks are."""
    marks = "; ".join(f"{one.title.lower()}: {one.meaning}" for one in YARDSTICKS.values())
    for measure in below.measures:
        scale = MEASURES[measure]
        st.caption(plain(f"{scale.title}. {scale.meaning}"), help=plain(f"Yardsticks. {marks}."))
    st.caption("Pale points rest on fewer than half of the images: for the others the measure is not defined.")


def offer_surveys(below: Below, runs: pd.DataFrame, subject: Subject) -> None:
    """Offer to survey the networks that were not, or on fewer images, and tell what failed."""
    for survey in below.surveys.values():
        _failed(survey, runs)
        missing = _missing(survey, runs, subject)
        elsewhere = {run_id: spec for run_id, spec in missing.items() if not is_here(spec, run_id)}
        if here := [spec for run_id, spec in missing.items() if run_id not in elsewhere]:
            _offer(survey, here, runs, subject)
        if elsewhere:
            _say_elsewhere(survey, elsewhere)


def _offer(survey: Survey, missing: Sequence[ExperimentSpec], runs: pd.DataFrame, subject: Subject) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Survey", type="primary", key=f"survey {survey.instrument}", help="In the background"):
            with shown_errors():
                executor().survey(missing, survey)
                keep_workers()
            st.rerun()
        st.markdown(_cost_in_words(survey, len(missing), runs, subject), width="content")


def _cost_in_words(survey: Survey, networks: int, runs: pd.DataFrame, subject: Subject) -> str:
    images = min(survey.images, subject.available())
    speed = expected_speed(runs, subject.preset.crop)
    passes = survey_seconds(survey, networks, images, speed.images_per_second) if speed else None
    time = f" · about {duration(passes)}" if passes else ""
    return plain(
        f"{survey.measures.title} by {survey.question.entry.title}: {count(networks, 'network')} not measured on "
        f"{count(images, 'image')} yet{time}"
    )


def _say_elsewhere(survey: Survey, runs: Mapping[str, ExperimentSpec]) -> None:
    what = f"{survey.measures.title} by {survey.question.entry.title}"
    with st.container(horizontal=True, vertical_alignment="center"):
        offer_retraining(runs, survey.instrument)
        st.markdown(
            plain(
                f"{what}: {count(len(runs), 'retrained network')} cannot be measured, the weights that retraining made "
                "are not on this machine"
            ),
            width="content",
        )


def _missing(survey: Survey, runs: pd.DataFrame, subject: Subject) -> dict[str, ExperimentSpec]:
    """Return by id the evaluated runs of the figure that were not surveyed on as many images, nor are about to be."""
    found, _ = _known(survey, runs, subject)
    wanted = min(survey.images, subject.available())
    done = set(found.loc[found["images"] >= wanted, "id"]) if len(found) else set()
    waiting = {spec for job in executor().list(("queued", "running")) for spec in _asked(job, survey)}
    left = runs[runs["images"].notna() & ~runs["id"].isin(done)]
    specs = {run_id: ExperimentSpec.from_json(text) for run_id, text in zip(left["id"], left["spec"], strict=True)}
    return {run_id: spec for run_id, spec in specs.items() if spec not in waiting}


def _asked(job: Job, survey: Survey) -> list[ExperimentSpec]:
    same = job.kind == "survey" and job.request["kind"] == survey.kind and job.request["images"] >= survey.images
    return [ExperimentSpec.from_json(text) for text in (job.request["of"], *job.request["specs"])] if same else []


def _failed(survey: Survey, runs: pd.DataFrame) -> None:
    """Tell why a survey of these networks failed, and offer to try it again."""
    failed = [job for job in executor().list((FAILED,)) if job.kind == "survey" and job.request["kind"] == survey.kind]
    shown = {ExperimentSpec.from_json(text) for text in runs["spec"]} if failed else set()
    for job in failed:
        if ExperimentSpec.from_json(job.request["of"]) not in shown:
            continue
        offer_retry(job, "The survey failed")


def _known(survey: Survey, runs: pd.DataFrame, subject: Subject) -> tuple[pd.DataFrame, dict[str, dict[str, float]]]:
    network, data = subject.network.sha256, subject.fingerprint() or "not packed"
    dense = _dense_id(runs)
    marks = yardsticks(store(), survey, dense) if dense else {}
    return survey_frame(store(), survey, network, data), marks
