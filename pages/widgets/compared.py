"""Which networks stand side by side: the dense one, one that moves along its curve, and others that stay.

The URL holds them by run id (`run` the one that moves, `runs` the others); the widgets only show and change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.experiment import ExperimentSpec
from core.families import Family, Member, check_unchanged
from core.jobs.subject import Subject
from core.networks.network import Network
from core.words import by_id
from pages.widgets.core_access import dense_network, is_here, subject_of
from pages.widgets.family import Curves, choose_curve, choose_family, choose_rate, show, subject_of_family, typical

PINNED = 4  # with the dense network and the moving one, six in all


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
        """The networks beside the dense one, in the order of the strip."""
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
        family = choose_family(found, "run", "runs", "image", "pins", "closeup")
    curves = family.curves()
    moving, pinned = _from_address(family, curves)
    if moving is None:
        return Compared(family.spec, family)
    st.query_params.setdefault("run", moving.id)
    st.query_params.setdefault("runs", _ids(pinned))
    with middle:
        curve = choose_curve(curves, moving, _go, _ids(pinned))
    with right:
        _choose_pinned(curves, moving, pinned)
    return Compared(family.spec, family, moving, curve, pinned)


def subject_in(compared: Compared) -> Subject:
    """Return the network and the images that are compared. Raises what stands in the way of it."""
    return subject_of(compared.spec) if compared.family is None else subject_of_family(compared.family)


def network_in(compared: Compared) -> Network:
    """Return the dense network alone: pictures of one's own need none of the images that were measured on."""
    network = dense_network(compared.spec)
    if compared.family is not None and compared.family.network_sha:
        check_unchanged(compared.family, network.sha256, None)
    return network


def move(compared: Compared) -> None:
    """Draw the slider that moves one network along its curve."""
    if compared.moving is None:
        return
    note = "Moves the second network along its curve. The maps at the neighbouring rates are prepared meanwhile."
    go = partial(_go, pinned=_ids(compared.pinned))
    choose_rate(f"Rate, {compared.moving.kind.lower()}", compared.curve, compared.moving, note, go)


def _go(run: str, pinned: str) -> None:
    _write(run, st.query_params.get("runs", pinned))  # one that the slider passes comes back


def _choose_pinned(curves: Curves, moving: Member, pinned: tuple[Member, ...]) -> None:
    words = _words([one for curve in curves.values() for one in curve if one != moving])
    show("pinned", [member.id for member in pinned])
    st.multiselect(
        "Beside them",
        list(words),
        format_func=words.__getitem__,
        key="pinned",
        max_selections=PINNED,
        placeholder="Add a network",
        help=f"Up to {PINNED} more networks that stay while the slider moves.",
        on_change=_on_pinned,
        args=(moving.id,),
    )


def _words(members: Sequence[Member]) -> dict[str, str]:
    """Return by id what each network is, with the id where that tells two not apart, and whether it is here."""
    said = by_id({one.id: one.words for one in members})
    away = {one.id for one in members if not is_here(one.spec, one.id)}
    return {run: words + (", its weights are not here" if run in away else "") for run, words in said.items()}


def _on_pinned(moving: str) -> None:
    _write(moving, ",".join(st.session_state["pinned"]))


def _from_address(family: Family, curves: Curves) -> tuple[Member | None, tuple[Member, ...]]:
    """Return the moving run and those that stay, as the URL names them; where it names none, one of each curve.

    Those whose networks are here come first: of a curve of which none is, there is one only if there is no other.
    """
    named = [st.query_params.get("run", ""), *st.query_params.get("runs", "").split(",")]
    ids = dict.fromkeys(member.id for curve in curves.values() for member in curve)
    members = [member for one in dict.fromkeys(named) if one in ids and (member := family.member(one))]
    if not members:
        here = [tuple(one for one in curve if is_here(one.spec, one.id)) for curve in curves.values()]
        members = [typical(curve) for curve in here if curve] or [typical(curve) for curve in curves.values()]
    return next(iter(members), None), tuple(members[1 : PINNED + 1])


def _write(moving: str, pinned: str) -> None:
    st.query_params["run"], st.query_params["runs"] = moving, pinned


def _ids(members: Iterable[Member]) -> str:
    return ",".join(member.id for member in members)
