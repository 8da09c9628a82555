"""Which picture of one's own: thumbnails to click, the whole with its crop. The URL holds it (`own`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from core.errors import PrunescopeError
from core.networks.network import Network
from core.words import count, listed, shortened
from pages.widgets.errors import plain
from pages.widgets.look import is_dark
from pages.widgets.own_inbox import draw_inbox
from pages.widgets.own_pictures import OwnPicture, forget, own_pictures, own_shown, whole
from pages.widgets.pins import OF_ONES_OWN, Pin, draw_board, pinned, unpin
from pages.widgets.steps import THUMBNAILS, draw_steps, draw_thumbnail
from pages.widgets.views import Shown

_IMAGENET = 1000  # classes: a network with as many knows photographs of nearly anything
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_LABEL = 11  # characters of a title that fit under a thumbnail
_PIN = 7  # and under a pin
_WIDTH, _HEIGHT = 260, 180  # pixels, in which the whole picture fits
_ROOM = 190


def choose_own(network: Network, left: DeltaGenerator, right: DeltaGenerator) -> tuple[Shown, Shown | None]:
    """Draw the choice, the whole picture at the `left`; return the picture and another one to hold agreement against.

    Of these None if there is no other. Ends the script where there is no picture at all; raises BrokenDataError for
    one that cannot be fed.
    """
    with right:
        pictures = own_pictures()
        at = _chosen(pictures) if pictures else 0
        _thumbnails(network, pictures, at)
        if pictures:
            _draw_pins(network, pictures, pictures[at].name)
        draw_inbox()
        if pictures:
            st.caption(_what_is_fed(pictures[at], network))
        _explain(network, pictures)
    if not pictures:
        st.info("Here stands what dense and pruned networks see in a picture of yours. Upload one, or paste it.")
        st.stop()
    with left:
        _draw_whole(pictures[at], network)
        names: list[str | None] = [None, *(picture.name for picture in pictures), None]
        with st.container(horizontal=True, gap="xsmall"):
            draw_steps(names[at], names[at + 2], _go)
            if pictures[at].uploaded:
                st.button("Forget", key="forget", on_click=_forget, args=(pictures[at].name,), help="This picture")
        st.caption(f"{at + 1} of {len(pictures)}")
    return own_shown(network, pictures[at]), _other(network, pictures, at)


def _chosen(pictures: Sequence[OwnPicture]) -> int:
    """Return the place of the picture in the URL; where it is not here, say so, and return that of the first."""
    named = st.query_params.get("own", "")
    found = next((place for place, picture in enumerate(pictures) if picture.name == named), None)
    if found is not None:
        return found
    if _FINGERPRINT.fullmatch(named):
        st.info(
            "It was uploaded in another session, and nothing that is uploaded is stored. Upload it again and it is "
            "found by its pixels; until then another is shown.",
            title="The picture of this address is not here",
        )
    elif named:
        st.warning("Another is shown.", title=plain(f"There is no sample photograph {named!r}"))
    if not _FINGERPRINT.fullmatch(named):
        _go(pictures[0].name)
    return 0


def _thumbnails(network: Network, pictures: Sequence[OwnPicture], at: int) -> None:
    first = at // THUMBNAILS * THUMBNAILS
    with st.container(horizontal=True, gap="xsmall"):
        for place, picture in enumerate(pictures[first : first + THUMBNAILS], start=first):
            title = picture.photo.title
            draw_thumbnail(
                partial(_pixels, network, picture),
                shortened(_label(picture), _LABEL),
                f"{title}, {picture.origin}",
                key=f"thumbnail {picture.name}",
                is_chosen=place == at,
                go=partial(_go, picture.name),
            )


def _draw_pins(network: Network, pictures: Sequence[OwnPicture], chosen: str) -> None:
    """Draw the pinned pictures, and how many more the address names that are not in this session."""
    here = {picture.name: picture for picture in pictures}
    named = pinned(OF_ONES_OWN)
    pins = [
        Pin(
            name,
            _on_one_line(shortened(_label(here[name]), _PIN)),
            here[name].photo.title,
            partial(_pixels, network, here[name]),
        )
        for name in named
        if name in here
    ]
    draw_board(OF_ONES_OWN, pins, chosen)
    absent = len(named) - len(pins)
    if absent:
        are = f"{count(absent, 'pinned picture')} of this address {'is' if absent == 1 else 'are'} not here"
        st.caption(f"{are}: uploaded in another session.")


def _label(picture: OwnPicture) -> str:
    return picture.photo.title if picture.uploaded else picture.name.capitalize()


def _on_one_line(words: str) -> str:
    return shortened(words, _PIN).replace(" ", "\N{NO-BREAK SPACE}")


def _draw_whole(picture: OwnPicture, network: Network) -> None:
    """Draw the whole picture with a frame around what is fed, in the same room whatever its shape."""
    drawn = whole(picture, network.preset, is_dark())
    height, width = drawn.shape[:2]
    with st.container(height=_ROOM, border=False):
        st.image(drawn, width=max(1, round(min(_WIDTH, _HEIGHT * width / height))), output_format="PNG")


def _what_is_fed(picture: OwnPicture, network: Network) -> str:
    """Say whose the picture is, how large, what was done to it and what of it the network is fed."""
    height, width = picture.photo.pixels.shape[:2]
    side = network.preset.crop
    done = f" {listed(picture.photo.notes).capitalize()}." if picture.photo.notes else ""
    what = f"{picture.photo.title}: {picture.origin}, {width:,} × {height:,} pixels.{done}"
    return f"{plain(what)} The network is fed the frame, as {side} × {side}."


def _explain(network: Network, pictures: Sequence[OwnPicture]) -> None:
    """Say where the pictures are, and whether the network can know what they show."""
    mine = sum(picture.uploaded for picture in pictures)
    if mine:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(
                f"{count(mine, 'picture')} of your own, in the memory of this session alone. The address cannot hold "
                "them: who opens it is asked for the picture.",
                width="stretch",
            )
            st.button("Forget all", key="forget all", type="tertiary", on_click=_forget, help="All that you added")
    classes = network.classes
    if len(classes) != _IMAGENET:
        st.caption(
            f"{plain(network.title)} tells {len(classes):,} classes apart, such as {plain(listed(classes[:3]))}. "
            "A picture of anything else is out of its world: it says one of these all the same."
        )


def _other(network: Network, pictures: Sequence[OwnPicture], at: int) -> Shown | None:
    """Return the next picture that can be fed, None if there is none."""
    for picture in [*pictures[at + 1 :], *pictures[:at]]:
        try:
            return own_shown(network, picture)
        except PrunescopeError:
            continue
    return None


def _pixels(network: Network, picture: OwnPicture) -> NDArray[np.uint8]:
    return own_shown(network, picture).pixels


def _forget(name: str | None = None) -> None:
    unpin(OF_ONES_OWN, [name] if name else [one for one in pinned(OF_ONES_OWN) if _FINGERPRINT.fullmatch(one)])
    forget(name)
    st.query_params.pop("own", None)


def _go(name: str) -> None:
    st.query_params["own"] = name
