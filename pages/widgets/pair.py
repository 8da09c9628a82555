"""Which pruned network is set against its dense network. The URL holds it by run id (`run`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from core.families import Family, Member
from core.jobs.subject import Subject
from pages.widgets.compared import Compared, subject_in
from pages.widgets.errors import plain

Curves = Mapping[str, tuple[Member, ...]]


@dataclass(frozen=True)
class Pair:
    """A pruned network of a family and its dense network; None for what was not run."""

    family: Family
    pruned: Member | None

    @property
    def dense(self) -> Member | None:
        """The run of the dense network."""
        return self.family.dense

    @property
    def subject(self) -> Subject:
        """The network and the images that the runs are of. Raises what stands in the way of it."""
        return subject_in(Compared(self.family.spec, self.family))


def choose_pair(found: tuple[Family, ...]) -> Pair:
    """Draw the choice of the dense network with its images, of a curve, and of a rate on it. `found` is not empty."""
    left, middle, right = st.columns([3, 3, 5])
    with left:
        family = _choose_family(found)
    curves = family.curves()
    if not curves:
        return Pair(family, None)
    pruned = family.member(st.query_params.get("run", ""))
    if pruned is None or pruned.spec.pruning.dense:
        pruned = _typical(next(iter(curves.values())))
    st.query_params["run"] = pruned.id
    title = next(title for title, curve in curves.items() if pruned in curve)
    with middle:
        _choose_curve(curves, title, pruned)
    with right:
        _choose_rate(curves[title], pruned)
    return Pair(family, pruned)


def _choose_family(found: tuple[Family, ...]) -> Family:
    """Draw the choice of network and images: those of the `run` in the URL, else those of the latest run."""
    run = st.query_params.get("run", "")
    arrived = next((family for family in found if family.member(run)), None)
    if arrived is not None:
        _show("set", arrived.title)
    elif run:
        st.warning(f"There is no run {plain(run)} in the store. It may have been deleted; this is another.")
    titles = [family.title for family in found]
    title = st.selectbox(
        "Network and images",
        titles,
        key="set",
        bind="query-params",
        on_change=_forget_run,
        help="The dense network and the images of the runs in the store. New ones come from Trade-offs.",
    )
    return found[titles.index(title)]


def _choose_curve(curves: Curves, title: str, pruned: Member) -> None:
    _show("curve", title)
    st.selectbox(
        "Curve",
        list(curves),
        key="curve",
        help="The pruned runs that differ in their rate alone; the slider moves along them.",
        on_change=_on_curve,
        args=(curves, pruned),
    )


def _on_curve(curves: Curves, pruned: Member) -> None:
    curve = curves[st.session_state["curve"]]
    st.query_params["run"] = min(curve, key=lambda member: abs(member.rate - pruned.rate)).id


def _choose_rate(curve: tuple[Member, ...], pruned: Member) -> None:
    rates = {member.id: f"{member.rate:g}" for member in curve}
    _show("moving", pruned.id)
    st.select_slider(
        "Rate",
        list(rates),
        format_func=rates.__getitem__,
        key="moving",
        disabled=len(rates) == 1,
        help="The nominal share that was removed. The slider moves over the runs of the curve.",
        on_change=_on_rate,
    )


def _on_rate() -> None:
    st.query_params["run"] = st.session_state["moving"]


def _typical(curve: tuple[Member, ...]) -> Member:
    return curve[len(curve) // 2]


def _forget_run() -> None:
    st.query_params.pop("run", None)


def _show(key: str, value: object) -> None:
    """Have a widget show a value. To set what it shows already would undo what the user does in this moment."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value
