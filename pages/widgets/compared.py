"""Which networks stand side by side: the dense one, one that moves along its curve, and others that stay.

The URL holds them by run id (`run` the one that moves, `runs` the others); the widgets only show and change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import streamlit as st

from core.experiment import ExperimentSpec, in_words
from core.families import Family, Member, check_unchanged
from core.jobs.subject import Subject
from core.pruning.techniques import TECHNIQUES
from pages.widgets.core_access import subject_of
from pages.widgets.errors import plain

PINNED = 4  # with the dense network and the moving one, six in all
Curves = Mapping[str, tuple[Member, ...]]


@dataclass(frozen=True)
class Compared:
    """The networks beside the dense one. `curve` holds the runs that the moving one can be, by rising rate."""

    spec: ExperimentSpec  # the dense experiment
    family: Family | None = None  # None: nothing was run yet
    moving: Member | None = None
    curve: tuple[Member, ...] = ()
    pinned: tuple[Member, ...] = ()

    @property
    def dense(self) -> Member | None:
        """The run of the dense network, None if it was not run."""
        return self.family.dense if self.family else None

    @property
    def members(self) -> tuple[Member, ...]:
        """The pruned networks in the order of the strip."""
        return ((self.moving,) if self.moving else ()) + self.pinned

    def neighbours(self) -> list[Member]:
        """Return the rest of the curve, what lies nearest to the moving network first."""
        if self.moving is None:
            return []
        here = self.curve.index(self.moving)
        order = sorted(range(len(self.curve)), key=lambda place: abs(place - here))
        return [self.curve[place] for place in order[1:]]


def choose_networks(found: tuple[Family, ...]) -> Compared:
    """Draw the choice of the dense network and its images, of a curve to move along, and of runs that stay."""
    left, middle, right = st.columns([3, 3, 5])
    with left:
        family = _choose_family(found)
    curves = family.curves()
    moving, pinned = _from_address(family, curves)
    if moving is None:
        return Compared(family.spec, family)
    st.query_params.setdefault("run", moving.id)
    st.query_params.setdefault("runs", _ids(pinned))
    title = next(title for title, curve in curves.items() if moving in curve)
    with middle:
        _choose_curve(curves, title, moving, pinned)
    with right:
        _choose_pinned(curves, moving, pinned)
    return Compared(family.spec, family, moving, curves[title], pinned)


def _choose_family(found: tuple[Family, ...]) -> Family:
    """Draw the choice of network and images: those of the `run` in the URL, else those of the latest run."""
    run = st.query_params.get("run", "")
    arrived = next((family for family in found if family.member(run)), None)
    if arrived is not None:
        _show("set", arrived.title)
    elif run:
        st.warning(f"There is no run {plain(run)} in the store. It may have been deleted; these are others.")
    titles = [family.title for family in found]
    title = st.selectbox(
        "Network and images",
        titles,
        key="set",
        bind="query-params",
        on_change=_forget_choices,
        help="The dense network and the images of the runs in the store. New ones come from Trade-offs.",
    )
    return found[titles.index(title)]


def subject_in(compared: Compared) -> Subject:
    """Return the network and the images that are compared. Raises what stands in the way of it."""
    subject = subject_of(compared.spec)
    if compared.family is not None:
        family = compared.family
        _check(family.network_sha, family.data_sha, subject.network.sha256, subject.source.identity(), family, subject)
    return subject


@st.cache_resource(max_entries=32, show_spinner=False)
def _check(network: str, data: str, network_now: str, source_now: str, _family: Family, _subject: Subject) -> None:
    """Check once that the files are still those of the runs: to know the images' fingerprint takes long."""
    check_unchanged(_family, network_now, _subject.fingerprint())


def move(compared: Compared) -> None:
    """Draw the slider that moves one network along its curve."""
    if compared.moving is None:
        return
    rates = {member.id: _rate(member.rate) for member in compared.curve}
    title = TECHNIQUES[compared.moving.spec.pruning.technique].title
    _show("moving", compared.moving.id)
    st.select_slider(
        f"Rate, {title.lower()}",
        list(rates),
        format_func=rates.__getitem__,
        key="moving",
        disabled=len(rates) == 1,
        help="Moves the second network along its curve. The maps at the neighbouring rates are prepared meanwhile.",
        on_change=_on_move,
        args=(_ids(compared.pinned),),
        width="stretch",
    )


def _on_move(pinned: str) -> None:
    _write(st.session_state["moving"], st.query_params.get("runs", pinned))  # one that it passes comes back


def _choose_curve(curves: Curves, title: str, moving: Member, pinned: tuple[Member, ...]) -> None:
    _show("curve", title)
    st.selectbox(
        "Curve",
        list(curves),
        key="curve",
        help="The pruned runs that differ in their rate alone; the slider moves along them.",
        on_change=_on_curve,
        args=(curves, moving, _ids(pinned)),
    )


def _on_curve(curves: Curves, moving: Member, pinned: str) -> None:
    nearest = min(curves[st.session_state["curve"]], key=lambda member: abs(member.rate - moving.rate))
    _write(nearest.id, st.query_params.get("runs", pinned))


def _choose_pinned(curves: Curves, moving: Member, pinned: tuple[Member, ...]) -> None:
    words = {one.id: in_words(one.spec.pruning) for curve in curves.values() for one in curve if one != moving}
    _show("pinned", [member.id for member in pinned])
    st.multiselect(
        "Beside them",
        list(words),
        format_func=words.__getitem__,
        key="pinned",
        max_selections=PINNED,
        placeholder="Add a network",
        help=f"Up to {PINNED} more pruned networks that stay while the slider moves.",
        on_change=_on_pinned,
        args=(moving.id,),
    )


def _on_pinned(moving: str) -> None:
    _write(moving, ",".join(st.session_state["pinned"]))


def _from_address(family: Family, curves: Curves) -> tuple[Member | None, tuple[Member, ...]]:
    """Return the moving run and those that stay, as the URL names them; where it names none, one of each curve."""
    named = [st.query_params.get("run", ""), *st.query_params.get("runs", "").split(",")]
    ids = dict.fromkeys(member.id for curve in curves.values() for member in curve)
    members = [member for one in dict.fromkeys(named) if one in ids and (member := family.member(one))]
    if not members:
        members = [_typical(curve) for curve in curves.values()]
    return next(iter(members), None), tuple(members[1 : PINNED + 1])


def _typical(curve: tuple[Member, ...]) -> Member:
    return curve[len(curve) // 2]


def _write(moving: str, pinned: str) -> None:
    st.query_params["run"], st.query_params["runs"] = moving, pinned


def _forget_choices() -> None:
    for name in ("run", "runs", "image", "pins", "closeup"):
        st.query_params.pop(name, None)


def _show(key: str, value: object) -> None:
    """Have a widget show a value. To set what it shows already would undo what the user does in this moment."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value


def _ids(members: Iterable[Member]) -> str:
    return ",".join(member.id for member in members)


def _rate(rate: float) -> str:
    return f"{rate:.2f}" if round(rate, 2) == rate else f"{rate:g}"
