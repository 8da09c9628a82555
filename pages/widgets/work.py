"""Maps that take their time: a bar with what is done and what is left, and a button that stops it.

Any other click stops it too: Streamlit ends the script at the next thing that is drawn, and the bar is drawn between
the batches of passes. What is computed by then is kept.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.progress import Progress
from core.words import count, duration

_LONG = 2.0  # seconds from which on there is a bar
_STOPPED = "stopped work"

Result = TypeVar("Result", covariant=True)


class Work(Protocol[Result]):
    """A piece of work whose result is kept: an `Ask`, for one."""

    @property
    def key(self) -> Hashable:
        """What decides the result."""

    @property
    def passes(self) -> int:
        """Passes through a network that it takes."""

    @property
    def known(self) -> Result | None:
        """The result, if it was computed before."""

    @property
    def seconds(self) -> float | None:
        """How long it takes, None if that is not known."""

    def answer(self, progress: Progress) -> Result:
        """Return the result, kept or computed."""


def answers(
    asks: Sequence[Work[Result]], room: DeltaGenerator, key: str, bar_room: Callable[[], DeltaGenerator] | None = None
) -> list[Result | None]:
    """Return the result of each piece of work; None for those left out because the user stopped this very work.

    `room` is an `st.empty()` where the bar is while it is needed, and what was stopped afterwards. `key` tells this
    work from others of the page. `bar_room` makes another `st.empty()` for the bar once it is needed, so that nothing
    is moved by short work.
    """
    open_asks = list({ask.key: ask for ask in asks if ask.known is None}.values())
    identity = _identity(asks, key)
    if open_asks and st.session_state.get(_STOPPED) == identity:
        _say_stopped(bar_room() if bar_room else room, asks, key)
    elif open_asks:
        total = sum(ask.passes for ask in open_asks)
        _compute(open_asks, _Bar(room, bar_room, key, identity, total, _expected(open_asks)))
    return [ask.known for ask in asks]


def _compute(asks: Sequence[Work[Any]], bar: _Bar) -> None:
    for ask in asks:
        bar.begin(ask)
        ask.answer(bar.report)
    bar.room.empty()


@dataclass
class _Bar:
    """How far the work is. It is drawn once the work has proved long, or is known to be."""

    room: DeltaGenerator
    bar_room: Callable[[], DeltaGenerator] | None
    key: str
    identity: str
    total: int  # passes
    expected: float | None  # seconds, None: not known
    ask: Work[Any] | None = None
    before: int = 0  # passes of the maps before this one
    started: float = field(default_factory=time.monotonic)
    place: DeltaGenerator | None = None

    def begin(self, ask: Work[Any]) -> None:
        """Go on to the next map."""
        self.before += self.ask.passes if self.ask else 0
        self.ask = ask

    def report(self, done: int, total: int, what: str) -> None:
        """Hear how far the map is. Raises what ends the script if the user clicked something."""
        passes = self.before + (round(done / total * self.ask.passes) if self.ask and total else 0)
        spent = time.monotonic() - self.started
        left = spent / passes * (self.total - passes) if passes else self.expected
        if spent + (left or 0) < _LONG and self.place is None:
            self.room.empty()  # draws nothing, but lets a click through
            return
        self._drawn().progress(min(passes / self.total, 1.0), text=_in_words(what, passes, self.total, left))

    def _drawn(self) -> DeltaGenerator:
        if self.place is None:
            self.room = self.bar_room() if self.bar_room else self.room
            with self.room.container(horizontal=True, vertical_alignment="center"):
                self.place = st.empty()
                st.button(
                    "Cancel",
                    key=f"cancel {self.key}",
                    on_click=_stop,
                    args=(self.identity,),
                    help="Stops this work and frees the device. Maps that are finished are kept.",
                )
        return self.place


def _in_words(what: str, passes: int, total: int, left: float | None) -> str:
    ahead = "" if left is None else f", about {duration(left)} left"
    return f"{what}: {passes:,} of {count(total, 'pass', 'passes')}{ahead}"


def _say_stopped(room: DeltaGenerator, asks: Sequence[Work[Any]], key: str) -> None:
    there = sum(ask.known is not None for ask in asks)
    with room.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Stopped: {there} of {len(asks)} there.", width="content")
        st.button("Go on", key=f"go on {key}", on_click=_stop, args=("",))


def _expected(asks: Sequence[Work[Any]]) -> float | None:
    seconds = [ask.seconds for ask in asks]
    return None if None in seconds else sum(one for one in seconds if one is not None)


def _identity(asks: Sequence[Work[Any]], key: str) -> str:
    return hashlib.sha256(repr((key, [ask.key for ask in asks])).encode()).hexdigest()[:16]


def _stop(identity: str) -> None:
    st.session_state[_STOPPED] = identity
