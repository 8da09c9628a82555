"""What could not be computed: held for this session until one tries again, and never kept as an answer."""

from __future__ import annotations

from collections.abc import Hashable

import streamlit as st

from core.errors import PrunescopeError

_REFUSED = "unit work refused"


def refused(key: Hashable) -> PrunescopeError | None:
    """Return why a piece of work could not be done in this session, None if it was not tried."""
    return _all().get(key)


def refuse(key: Hashable, error: PrunescopeError) -> PrunescopeError:
    """Hold why a piece of work could not be done, and return it."""
    return _all().setdefault(key, error)


def offer_again(key: str) -> None:
    """Draw the button that has everything tried again that could not be done."""
    st.button("Try again", key=f"again {key}", on_click=_forget)


def _all() -> dict[Hashable, PrunescopeError]:
    found: dict[Hashable, PrunescopeError] = st.session_state.setdefault(_REFUSED, {})
    return found


def _forget() -> None:
    _all().clear()
