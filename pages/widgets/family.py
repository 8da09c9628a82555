"""The dense network with its images, and a curve of pruned ones: the choices that several pages share.

The URL holds a run by its id (`run`); the widgets only show and change it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from core.families import Family, Member, check_unchanged
from core.jobs.subject import Subject
from pages.widgets.core_access import subject_of
from pages.widgets.errors import plain

Curves = Mapping[str, tuple[Member, ...]]


def choose_family(found: tuple[Family, ...], *forgotten: str) -> Family:
    """Draw the choice of network and images: those of the `run` in the URL, else those of the latest run.

    Another choice takes the parameters `forgotten` out of the URL: they were about the old one.
    """
    run = st.query_params.get("run", "")
    arrived = next((family for family in found if family.member(run)), None)
    if arrived is not None:
        show("set", arrived.title)
    elif run:
        st.warning(f"There is no run {plain(run)} in the store. It may have been deleted; what is shown is another.")
    titles = [family.title for family in found]
    title = st.selectbox(
        "Network and images",
        titles,
        key="set",
        bind="query-params",
        on_change=_forget,
        args=forgotten,
        help="The dense network and the images of the runs in the store. New ones come from Trade-offs.",
    )
    return found[titles.index(title)]


def choose_curve(curves: Curves, chosen: Member, then: Callable[..., Any], *args: Any) -> tuple[Member, ...]:
    """Draw the choice of a curve, the one of `chosen` at first, and return it.

    Another choice calls `then(run, *args)` with the id of the run on the new curve whose rate lies nearest.
    """
    title = next(title for title, curve in curves.items() if chosen in curve)
    show("curve", title)
    st.selectbox(
        "Curve",
        list(curves),
        key="curve",
        help="The runs that differ in their rate alone; the slider moves along them. A dense control is alone.",
        on_change=_on_curve,
        args=(curves, chosen, then, args),
    )
    return curves[title]


def choose_rate(label: str, curve: tuple[Member, ...], chosen: Member, note: str, then: Callable[..., Any]) -> None:
    """Draw the slider that moves along a curve; `then(run)` is called with the id of the run that it comes to."""
    rates = {member.id: _rate(member.rate) for member in curve}
    show("moving", chosen.id)
    st.select_slider(
        label,
        list(rates),
        format_func=rates.__getitem__,
        key="moving",
        disabled=len(rates) == 1,
        help=note,
        on_change=lambda: then(st.session_state["moving"]),
        width="stretch",
    )


def typical(curve: tuple[Member, ...]) -> Member:
    """Return the run in the middle of a curve."""
    return curve[len(curve) // 2]


def subject_of_family(family: Family) -> Subject:
    """Return the network and the images of a family. Raises what stands in the way, also that they have changed."""
    subject = subject_of(family.spec)
    _check(family.network_sha, family.data_sha, subject.network.sha256, subject.source.identity(), family, subject)
    return subject


def show(key: str, value: object) -> None:
    """Have a widget show a value. To set what it shows already would undo what the user does in this moment."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value


@st.cache_resource(max_entries=32, show_spinner=False)
def _check(network: str, data: str, network_now: str, source_now: str, _family: Family, _subject: Subject) -> None:
    """Check once that the files are still those of the runs: to know the images' fingerprint takes long."""
    check_unchanged(_family, network_now, _subject.fingerprint())


def _forget(*names: str) -> None:
    for name in names:
        st.query_params.pop(name, None)


def _on_curve(curves: Curves, chosen: Member, then: Callable[..., Any], args: tuple[Any, ...]) -> None:
    curve = curves[st.session_state["curve"]]
    then(min(curve, key=lambda member: abs(member.rate - chosen.rate)).id, *args)


def _rate(rate: float) -> str:
    return f"{rate:.2f}" if round(rate, 2) == rate else f"{rate:g}"
