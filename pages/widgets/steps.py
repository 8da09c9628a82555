"""Going through images: the previous and the next, and small pictures to click."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import PrunescopeError
from pages.widgets.errors import plain

THUMBNAILS = 8  # at a time
_WIDTH = 114  # pixels: eight in a row at 1440, four at 800


def draw_steps(before: str | None, after: str | None, go: Callable[[str], None]) -> None:
    """Draw the buttons (and arrow keys) that go to the image before and the image after; None: there is none."""
    for label, to, key in (("Previous", before, "Left"), ("Next", after, "Right")):
        st.button(label, key=label.lower(), on_click=go, args=(to or "",), disabled=to is None, shortcut=key)


def draw_thumbnail(
    pixels: Callable[[], NDArray[np.uint8]],
    label: str,
    about: str,
    *,
    key: str,
    is_chosen: bool,
    go: Callable[[], None],
) -> None:
    """Draw a small picture, or why there is none, and the button that chooses it."""
    with st.container(width=_WIDTH, gap="xsmall"):
        try:
            st.image(pixels(), width="stretch")
        except PrunescopeError as error:
            st.caption(plain(str(error)))
        st.button(
            plain(label),
            key=key,
            type="secondary" if is_chosen else "tertiary",
            on_click=go,
            help=plain(about),
            width="stretch",
        )
