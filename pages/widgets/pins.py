"""Images that one wants to come back to: a row of small pictures. The URL holds them (`pins`)."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import streamlit as st

from core.data.example import find_image
from core.errors import InvalidSettingError, PrunescopeError
from core.jobs.subject import Subject
from pages.widgets.errors import plain, show_error
from pages.widgets.views import shown

MOST = 12
_WIDTH = 84  # pixels: twelve in a row at 1440
_LABEL = 8  # characters of an id that fit below


def pin_button(identity: str) -> None:
    """Draw the button that pins the image, or takes its pin away."""
    if identity in pinned():
        st.button("Unpin", key="pin", type="tertiary", on_click=_write, args=([*_without(identity)],))
        return
    full = len(pinned()) >= MOST
    st.button(
        "Pin",
        key="pin",
        type="tertiary",
        on_click=_write,
        args=([*pinned(), identity],),
        disabled=full,
        help=f"There are {MOST} pins, which is all there can be: take one away first." if full else "Keep it at hand",
    )


def draw_pins(subject: Subject, chosen: str) -> None:
    """Draw the pinned images, each with the button that goes to it; nothing if there are none."""
    if not pinned():
        return
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.caption("Pinned", width="content")
        for identity in pinned():
            with st.container(width=_WIDTH, gap="xsmall"):
                _draw_pin(subject, identity, identity == chosen)


def pinned() -> list[str]:
    """Return the ids of the pinned images in the order in which they were pinned."""
    named = st.query_params.get("pins", "").split(",")
    return list(dict.fromkeys(name for name in named if name))[:MOST]


def _draw_pin(subject: Subject, identity: str, is_chosen: bool) -> None:
    source = subject.source
    try:
        place = find_image(source, identity)
        st.image(shown(subject, place).pixels, width="stretch")
    except InvalidSettingError as error:
        show_error(error)
        _write(_without(identity))
        return
    except PrunescopeError as error:
        st.caption(plain(str(error)))
    st.button(
        _label(identity),
        key=f"pinned {identity}",
        type="secondary" if is_chosen else "tertiary",
        on_click=_go,
        args=(identity,),
        help=f"{plain(identity)}: {plain(subject.network.classes[source.labels[place]])}",
        width="stretch",
    )


def _label(identity: str) -> str:
    """Return the part of an id that tells images apart: the number at its end."""
    return re.split(r"[-_/]", PurePosixPath(identity).stem)[-1][-_LABEL:]


def _without(identity: str) -> list[str]:
    return [one for one in pinned() if one != identity]


def _write(identities: list[str]) -> None:
    if identities:
        st.query_params["pins"] = ",".join(identities)
    else:
        st.query_params.pop("pins", None)


def _go(identity: str) -> None:
    st.query_params["image"] = identity
