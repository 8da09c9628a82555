"""What the URL asks for and there is not: named once, before the widget takes its default."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.state import get_session_state

from core.words import listed, shortened
from pages.widgets.errors import plain

_LONGEST = 60  # characters of a value that are repeated


def name_unknown(key: str, what: str, options: Sequence[str]) -> None:
    """Say so if the URL's `key` is none of the options of the widget that is bound to it."""
    for given in st.query_params.get_all(key):
        if given not in options:
            _say(f"There is no {what} {shortened(given, _LONGEST)!r}", f"{listed(options)}")


def name_outside(key: str, what: str, low: float, high: float, parse: Callable[[str], float] = float) -> None:
    """Say so if the URL's `key` is no number from `low` to `high`, and take it out of the URL.

    `parse` reads it and raises ValueError.
    """
    for given in st.query_params.get_all(key):
        try:
            good = low <= parse(given) <= high
        except ValueError:
            good = False
        if not good:
            kind = "a whole number" if parse is int else "a number"
            _say(f"{what} {shortened(given, _LONGEST)!r} cannot be", f"{kind} from {low:g} to {high:g}")
            forget(key)


def forget(key: str) -> None:
    """Take out of the URL what the widget that is to be bound to it could not even read."""
    with suppress(KeyError, StreamlitAPIException):  # it is not there; the widget is there and has read it
        del st.query_params[key]
        with get_session_state().query_params() as address:
            address.set_initial_query_params_from_current()  # what widgets begin with


def _say(given: str, allowed: str) -> None:
    st.warning(f"Allowed: {plain(allowed)}. The default is used instead.", title=plain(given))
