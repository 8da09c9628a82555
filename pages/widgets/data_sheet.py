"""A dozen images of a source, each under its name in the data and the class that the network would call right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.data.names import as_matched
from core.data.order import stratified_order
from core.data.preset import Preset, cropped
from core.data.source import Source
from core.errors import PrunescopeError
from pages.widgets.errors import plain

DOZEN = 12
_WIDTH = 124  # pixels: on the page Data six in a row at 1440, four at 800


def draw_sheet(source: Source, preset: Preset, network: Sequence[str] | None = None) -> None:
    """Draw a dozen images as the network is shown them, as many of each class as can be, and the way to others.

    Under each is what the data call it, and, where that is another name, what the class of that number is to the
    `network`, which has names for all classes of the source; without one only the data's own name.
    """
    identity = source.identity()
    turn = st.session_state.setdefault(f"dozens {identity}", 0)
    order = _order(identity, source)
    names = [as_matched(*pair) for pair in zip(source.classes, network or source.classes, strict=True)]
    with st.container(horizontal=True, gap="xsmall"):
        for place in np.roll(order, -DOZEN * turn)[:DOZEN].tolist():
            with st.container(width=_WIDTH, gap="xxsmall"):
                _draw_card(identity, source, preset, place, names[int(source.labels[place])])
    if len(order) > DOZEN:
        st.button("Another 12", key=f"another {identity}", on_click=_turn, args=(identity,))


def _turn(identity: str) -> None:
    st.session_state[f"dozens {identity}"] += 1


def _draw_card(identity: str, source: Source, preset: Preset, place: int, names: Sequence[str]) -> None:
    try:
        st.image(_picture(identity, preset, place, source), width="stretch", alt=f"{names[-1]}, {source.ids[place]}")
    except PrunescopeError as error:
        st.caption(plain(str(error)))
    if len(names) > 1:
        st.caption(plain(names[0]), wrap=False)
    st.markdown(plain(f"→ {names[1]}" if len(names) > 1 else names[0]), wrap=False)


@st.cache_data(max_entries=512, show_spinner=False)
def _picture(identity: str, preset: Preset, place: int, _source: Source) -> NDArray[np.uint8]:
    return np.asarray(cropped(_source.image(place), preset))


@st.cache_data(max_entries=16, show_spinner=False)
def _order(identity: str, _source: Source) -> NDArray[np.int64]:
    return stratified_order(_source.labels)
