"""How refusals look: what was given, what is allowed, what to do, and the details to copy."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import InvalidSettingError, PrunescopeError

_NAME = re.compile(r"\S*[./\\_:]\S")  # of a file, at the beginning of a text
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|$~<>:^-])")


def plain(text: str) -> str:
    """Return text so that Streamlit shows it as it is, however many asterisks and underscores are in it."""
    return _MARKDOWN.sub(r"\\\1", text)


@contextmanager
def shown_errors(*, stop: bool = True) -> Iterator[None]:
    """Show an error of the core in the place of what could not be done; `stop` ends the page (or fragment) there."""
    try:
        yield
    except PrunescopeError as error:
        show_error(error)
        if stop:
            st.stop()


def show_error(error: PrunescopeError) -> None:
    """Show one error: as a warning where another setting mends it."""
    box = st.warning if isinstance(error, InvalidSettingError) else st.error
    lines = [f"Allowed: {plain(error.allowed)}" if error.allowed else "", plain(sentence(error.mend))]
    box("\n\n".join(line for line in lines if line) or " ", title=plain(sentence(error.given)))
    with st.expander("Details to copy", type="compact"):
        st.code("".join(traceback.format_exception(error)), language=None, wrap_lines=True)


def sentence(text: str) -> str:
    """Return words as they begin a sentence; the name of a file stays as it is."""
    return text if _NAME.match(text) else f"{text[:1].upper()}{text[1:]}"
