"""Which scored networks stand beside the dense one. The URL holds them by run id (`run` the first, `with` the rest)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.families import Family, Member
from core.units.results import study_figures
from core.units.study import UnitStudy
from core.words import by_id
from pages.widgets.core_access import store
from pages.widgets.family import show
from pages.widgets.unit_scene import BESIDE, tables_of


def scored_members(family: Family, study: UnitStudy) -> dict[str, Member]:
    """Return by run id the networks of a family that a study scored, the dense one first, then curve by curve.

    Those whose units are damaged are not among them: they are to be scored again.
    """
    figures = study_figures(store(), study, family.network_sha, family.data_sha)
    curves = [member for curve in family.curves().values() for member in curve]
    every = [*([family.dense] if family.dense else []), *curves]
    return {member.id: member for member in every if member.id in figures and len(tables_of(member, study)[0])}


def choose_beside(family: Family, scored: Mapping[str, Member]) -> tuple[Member, ...]:
    """Draw the choice of up to three of the scored networks, and return them after the dense one, the first scored."""
    dense, *others = scored.values()
    chosen, run = _from_address(others), st.query_params.get("run", "")
    if run in scored or not family.member(run):  # one that is not scored yet stays in the URL until it is
        _write([member.id for member in chosen])
    words = _words(others)
    show("beside", [member.id for member in chosen])
    st.multiselect(
        "Beside the dense network",
        list(words),
        format_func=words.__getitem__,
        key="beside",
        max_selections=BESIDE,
        placeholder="Choose a scored network",
        on_change=_on_choice,
        width=520,
        help=f"Up to {BESIDE} of the scored networks, to be held against the dense one unit by unit.",
    )
    return dense, *chosen


def _from_address(others: Sequence[Member]) -> list[Member]:
    """Return the networks that the URL names; where it names none that is scored, the middle one of each technique."""
    named = [st.query_params.get("run", ""), *st.query_params.get("with", "").split(",")]
    known = {member.id: member for member in others}
    found = [known[run] for run in dict.fromkeys(named) if run in known]
    return (found or _typical(others))[:BESIDE]


def _typical(others: Sequence[Member]) -> list[Member]:
    kinds: dict[str, list[Member]] = {}
    for member in others:
        kinds.setdefault(member.kind, []).append(member)
    return [members[len(members) // 2] for members in kinds.values()]


def _words(members: Sequence[Member]) -> dict[str, str]:
    """Return by id what each network is, with the id where that tells two not apart."""
    return by_id({member.id: member.words for member in members})


def _on_choice() -> None:
    _write(st.session_state["beside"])


def _write(runs: Sequence[str]) -> None:
    for name, value in (("run", ",".join(runs[:1])), ("with", ",".join(runs[1:]))):
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)
