"""Images that one wants to come back to: a row of small pictures. The URL holds them, those of the data apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.data.example import find_image
from core.errors import InvalidSettingError, PrunescopeError
from core.jobs.subject import Subject
from pages.widgets.errors import plain, show_error
from pages.widgets.views import Shown, shown

MOST = 12
_WIDTH = 84  # pixels: twelve in a row at 1440
_LABEL = 8  # characters of an id that fit below


@dataclass(frozen=True)
class Board:
    """A row of pins: where in the URL it is, and where there the chosen image is."""

    pins: str
    chosen: str


OF_DATA, OF_ONES_OWN = Board("pins", "image"), Board("own_pins", "own")


@dataclass(frozen=True, eq=False)
class Pin:
    """A pinned image: its name in the URL, what stands below it and on hover, how to get it."""

    name: str
    label: str
    about: str
    pixels: Callable[[], NDArray[np.uint8]]


def board_of(image: Shown) -> Board:
    """Return where an image is pinned."""
    return OF_ONES_OWN if image.label is None else OF_DATA


def pin_button(image: Shown) -> None:
    """Draw the button that pins the image, or takes its pin away."""
    board, name = board_of(image), image.name
    if name in pinned(board):
        st.button("Unpin", key="pin", type="tertiary", on_click=unpin, args=(board, [name]))
        return
    full = len(pinned(board)) >= MOST
    st.button(
        "Pin",
        key="pin",
        type="tertiary",
        on_click=_write,
        args=(board, [*pinned(board), name]),
        disabled=full,
        help=f"There are {MOST} pins, which is all there can be: take one away first." if full else "Keep it at hand",
    )


def draw_pins(subject: Subject, chosen: str) -> None:
    """Draw the pinned images of the data, each with the button that goes to it; nothing if there are none."""
    pins = [_pin(subject, name) for name in pinned(OF_DATA)]
    draw_board(OF_DATA, [pin for pin in pins if pin is not None], chosen)


def draw_board(board: Board, pins: Sequence[Pin], chosen: str) -> None:
    """Draw a row of pins, each with the button that goes to it; nothing if there are none."""
    if not pins:
        return
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.caption("Pinned", width="content")
        for pin in pins:
            with st.container(width=_WIDTH, gap="xsmall"):
                _draw_pin(board, pin, pin.name == chosen)


def pinned(board: Board) -> list[str]:
    """Return the names of the pinned images in the order in which they were pinned."""
    named = _from_address(st.query_params.get(board.pins, ""))
    return list(dict.fromkeys(name for name in named if name))[:MOST]


def unpin(board: Board, names: Sequence[str]) -> None:
    """Take pins away."""
    _write(board, [one for one in pinned(board) if one not in names])


def _pin(subject: Subject, identity: str) -> Pin | None:
    """Return the pin of an image; of one that there is not it is told, and its pin taken away."""
    try:
        place = find_image(subject.source, identity)
    except InvalidSettingError as error:
        show_error(error)
        unpin(OF_DATA, [identity])
        return None
    about = f"{identity}: {subject.network.classes[subject.source.labels[place]]}"
    return Pin(identity, _label(identity), about, lambda: shown(subject, place).pixels)


def _draw_pin(board: Board, pin: Pin, is_chosen: bool) -> None:
    try:
        st.image(pin.pixels(), width="stretch")
    except PrunescopeError as error:
        st.caption(plain(str(error)))
    st.button(
        plain(pin.label),
        key=f"pinned {pin.name}",
        type="secondary" if is_chosen else "tertiary",
        on_click=_go,
        args=(board, pin.name),
        help=plain(pin.about),
        width="stretch",
    )


def _label(identity: str) -> str:
    """Return the part of an id that tells images apart: the number at its end."""
    return re.split(r"[-_/]", PurePosixPath(identity).stem)[-1][-_LABEL:]


def _write(board: Board, names: Sequence[str]) -> None:
    if names:
        st.query_params[board.pins] = _in_address(names)
    else:
        st.query_params.pop(board.pins, None)


def _in_address(names: Sequence[str]) -> str:
    """Return names as one text, commas between them; those in a name, which folders may have, are written as %2C."""
    return ",".join(name.replace("%", "%25").replace(",", "%2C") for name in names)


def _from_address(text: str) -> list[str]:
    return [name.replace("%2C", ",").replace("%25", "%") for name in text.split(",")]


def _go(board: Board, name: str) -> None:
    st.query_params[board.chosen] = name
