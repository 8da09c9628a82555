"""Which networks a study is to score, what that costs, how far it is. The URL holds them by run id (`score`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import streamlit as st

from core.experiment import ExperimentSpec, spec_in_words
from core.families import Family, Member
from core.jobs.estimate import expected_speed, units_seconds
from core.jobs.executor import UNITS
from core.jobs.subject import Subject
from core.store.queue import FAILED, OPEN, Job
from core.store.runs import runs_frame
from core.units.study import UnitStudy
from core.words import count, duration, listed
from pages.widgets.core_access import executor, is_here, keep_workers, store
from pages.widgets.elsewhere import offer_retraining
from pages.widgets.errors import plain, shown_errors
from pages.widgets.family import show
from pages.widgets.progress import POLL_SECONDS, queue_line
from pages.widgets.retry import offer_retry
from pages.widgets.unit_networks import scored_members

_NAMED = 3  # networks that are named where scoring failed
_FIRST = 4  # networks of the first curve that are offered where none was scored yet


@dataclass(frozen=True, eq=False)
class Scoring:
    """A study of a family of networks, and those of them that it scored."""

    family: Family
    subject: Subject
    study: UnitStudy  # resolved
    scored: Mapping[str, Member]

    @cached_property
    def left(self) -> tuple[Member, ...]:
        """The pruned or retrained networks that it did not score, curve by curve."""
        every = {member.id: member for curve in self.family.curves().values() for member in curve}
        return tuple(member for run, member in every.items() if run not in self.scored)

    @property
    def begun(self) -> bool:
        """Whether the dense network is scored: without it there is nothing to compare with."""
        return self.family.dense is not None and self.family.dense.id in self.scored

    def is_about(self, job: Job) -> bool:
        """Return whether a job scores networks of this family as this study does."""
        if job.kind != UNITS or job.request["kind"] != self.study.kind:
            return False
        return any(ExperimentSpec.from_json(text).dense() == self.family.spec for text in job.request["specs"])

    def unscored(self, job: Job) -> tuple[ExperimentSpec, ...]:
        """Return the networks that a job was to score like this and that are not scored yet."""
        if not self.is_about(job):
            return ()
        there = {member.spec.to_json() for member in self.scored.values()}
        return tuple(ExperimentSpec.from_json(text) for text in job.request["specs"] if text not in there)

    def has_news(self) -> bool:
        """Return whether another network is scored by now."""
        return any(run not in self.scored for run in scored_members(self.family, self.study))


def draw_scoring(scoring: Scoring) -> None:
    """Draw the choice of networks to score, the button with its cost, how far the queue is, and what failed."""
    if not scoring.begun:
        _offer(scoring)
    elif scoring.left:
        named = any(member.id == st.query_params.get("run") for member in scoring.left)
        with st.expander(f"Score more networks ({len(scoring.left):,} not scored like this)", expanded=named):
            _offer(scoring)
    _failed(scoring)
    working = any(map(scoring.is_about, executor().list(OPEN)))
    st.fragment(_live, run_every=POLL_SECONDS if working else None)(scoring, working)


def _offer(scoring: Scoring) -> None:
    chosen = _choose(scoring)
    waiting = {text for job in executor().list(OPEN) if scoring.is_about(job) for text in job.request["specs"]}
    open_now = [member for member in chosen if member.spec.to_json() in waiting]
    wanted = [member for member in chosen if member not in open_now]
    here = [member for member in wanted if is_here(member.spec, member.id)]
    needs_dense = not scoring.begun and scoring.family.spec.to_json() not in waiting
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Score", type="primary", disabled=not (here or needs_dense), key="score_button"):
            _submit(scoring, here)
        st.markdown(plain(_cost(scoring, len(here) + needs_dense, len(open_now))), width="content")
    _offer_elsewhere([member for member in wanted if member not in here])


def _submit(scoring: Scoring, members: Sequence[Member]) -> None:
    with shown_errors():
        executor().units([scoring.family.spec, *(member.spec for member in members)], scoring.study)
        keep_workers()
    st.rerun()


def _choose(scoring: Scoring) -> list[Member]:
    """Draw the choice of networks: at first those that the URL names, else those of `_first`."""
    words = {member.id: _in_words(member) for member in scoring.left}
    named = [run for run in st.query_params.get("score", "").split(",") if run in words]
    show("to_score", named if "score" in st.query_params else _first(scoring))
    st.multiselect(
        "Networks to score, beside the dense one",
        list(words),
        format_func=words.__getitem__,
        key="to_score",
        placeholder="Choose pruned or retrained networks",
        on_change=_on_choice,
        help="Each takes one pass over the images. The dense network is scored first, if it was not.",
    )
    chosen = st.session_state["to_score"]
    return [member for member in scoring.left if member.id in chosen]


def _first(scoring: Scoring) -> list[str]:
    """Return the run that the URL names, and a few networks spread over the first curve if nothing was scored yet."""
    left, curve = [member.id for member in scoring.left], next(iter(scoring.family.curves().values()), ())
    spread = [] if scoring.begun else [member.id for member in curve[:: max(1, len(curve) // _FIRST)][:_FIRST]]
    return [run for run in dict.fromkeys([st.query_params.get("run", ""), *spread]) if run in left]


def _on_choice() -> None:
    st.query_params["score"] = ",".join(st.session_state["to_score"])


def _in_words(member: Member) -> str:
    return member.words + ("" if is_here(member.spec, member.id) else ", its weights are not here")


def _cost(scoring: Scoring, networks: int, queued: int) -> str:
    if not networks:
        return f"{count(queued, 'network')} queued" if queued else "choose networks to score"
    known = runs_frame(store(), scoring.family.network_sha, scoring.family.data_sha)
    images, speed = scoring.study.images, expected_speed(known, scoring.subject.preset.crop)
    passes = networks if scoring.begun else networks + 1  # with the dense one goes one of random weights
    seconds = units_seconds(images, passes, speed.images_per_second) if speed else None
    parts = (
        f"{scoring.study.score} of {count(networks, 'network')} on {count(images, 'image')}",
        f"about {duration(seconds)}" if seconds else "",
        f"{queued:,} queued" if queued else "",
    )
    return " · ".join(part for part in parts if part)


def _offer_elsewhere(members: Sequence[Member]) -> None:
    if not members:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        offer_retraining({member.id: member.spec for member in members}, "units")
        st.markdown(
            f"{count(len(members), 'retrained network')} cannot be scored: the weights that retraining made are not on "
            "this machine",
            width="content",
        )


def _failed(scoring: Scoring) -> None:
    """Tell why scoring failed, and offer to try it again."""
    for job in executor().list((FAILED,)):
        unscored = scoring.unscored(job)
        if not unscored:
            continue
        offer_retry(job, f"Scoring failed: {_named(unscored, scoring.subject.network.zeros)}")


def _named(specs: Sequence[ExperimentSpec], own_zeros: float) -> str:
    """Return the networks in words, the first few by their names."""
    names, more = [spec_in_words(spec, own_zeros) for spec in specs[:_NAMED]], len(specs) - _NAMED
    return listed([*names, f"{more:,} more"] if more > 0 else names)


def _live(scoring: Scoring, working: bool) -> None:
    """Draw how far the queue is; starts the page anew when the last job of this study has ended."""
    with shown_errors():
        jobs = executor().list(OPEN)
        if any(map(scoring.is_about, jobs)):
            keep_workers()
            queue_line(jobs)
        if scoring.has_news() or (working and not any(map(scoring.is_about, jobs))):
            st.rerun()
