"""What the URL asks for and there is not: named once, before the widget takes its default."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.words import listed
from pages.widgets.errors import plain


def name_unknown(key: str, what: str, options: Sequence[str]) -> None:
    """Say so if the URL's `key` is none of the options of the widget that is bound to it."""
    for given in st.query_params.get_all(key):
        if given not in options:
            _say(f"There is no {what} {given!r}", f"{listed(options)}")


def name_outside(key: str, what: str, low: float, high: float, parse: Callable[[str], float] = float) -> None:
    """Say so if the URL's `key` is no number from `low` to `high`; `parse` reads it and raises ValueError."""
    for given in st.query_params.get_all(key):
        try:
            good = low <= parse(given) <= high
        except ValueError:
            good = False
        if not good:
            kind = "a whole number" if parse is int else "a number"
            _say(f"{what} {given!r} cannot be", f"{kind} from {low:g} to {high:g}")


def _say(given: str, allowed: str) -> None:
    st.warning(f"Allowed: {plain(allowed)}. The default is used instead.", title=plain(given))
