"""Pictures of the user's own, and sample photographs. They live in the session: none is written to disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.data.preset import Preset
from core.errors import BrokenDataError
from core.figures.framed import framed
from core.networks.network import Network
from core.uploads.photos import Photo, read_photos
from core.uploads.samples import sample_photo, samples
from core.uploads.seen import Seen, crop_box, seen
from pages.widgets.kept import Kept
from pages.widgets.views import Shown

_MINE, _REFUSED, _DRAWN = "own pictures", "own pictures refused", "own pictures drawn"
_MOST_DRAWN = 64
_SIDE = 560  # pixels of the longer side of a whole photograph

Refused = tuple[tuple[str, BrokenDataError], ...]  # (file name, reason)


@dataclass(frozen=True, eq=False)
class OwnPicture:
    """A picture that is not part of the data."""

    name: str  # in the URL: of a sample its name, of an upload the fingerprint of its pixels
    photo: Photo
    origin: str  # whose it is
    uploaded: bool


def own_pictures() -> list[OwnPicture]:
    """Return those of this session in the order in which they came, then the samples."""
    mine = [OwnPicture(photo.id, photo, "an uploaded picture", True) for photo in _mine().values()]
    return mine + [OwnPicture(one.name, _sample(one.name), f"a sample, {one.credit}", False) for one in samples()]


def take(files: Sequence[tuple[str, bytes]]) -> str | None:
    """Add uploaded files (name, content) and return the name of the first that is a picture; the others are refused."""
    found = read_photos(files, list(_mine().values()))
    st.session_state[_REFUSED] = found.refused
    _mine().update({photo.id: photo for photo in found.photos})
    return next((photo.id for photo in found.photos), None)


def refused() -> Refused:
    """Return the files of the last upload that were not taken, and why."""
    last: Refused = st.session_state.get(_REFUSED, ())
    return last


def forget(name: str | None = None) -> None:
    """Forget a picture of this session, without a name all of them."""
    for each in [name] if name else list(_mine()):
        _mine().pop(each, None)
    st.session_state.pop(_DRAWN, None)
    st.session_state.pop(_REFUSED, None)


def own_shown(network: Network, picture: OwnPicture) -> Shown:
    """Return a picture as the network is shown it; BrokenDataError for one that is too long for its width."""
    photo, preset = picture.photo, network.preset
    key = f"own {photo.id} {preset.name}"
    return Shown(network, key, photo.title, picture.name, _seen(photo, preset).pixels, picture.origin)


def whole(picture: OwnPicture, preset: Preset, dark: bool) -> NDArray[np.uint8]:
    """Return the whole picture, small, with a frame around the part that is fed."""
    key, box = (picture.photo.id, preset.name, dark), crop_box(picture.photo, preset)
    found = _drawn().get(key)
    if isinstance(found, np.ndarray):
        return found
    edges = (box.left, box.top, box.right, box.bottom)
    made: NDArray[np.uint8] = framed(picture.photo.pixels, edges, side=_SIDE, dark=dark)
    _drawn().put(key, made)
    return made


def _seen(photo: Photo, preset: Preset) -> Seen:
    key = (photo.id, preset.name)
    found = _drawn().get(key)
    if isinstance(found, Seen):
        return found
    made = seen(photo, preset)
    _drawn().put(key, made)
    return made


def _mine() -> dict[str, Photo]:
    """Return the pictures of this session by their fingerprint, in the order in which they came."""
    mine: dict[str, Photo] = st.session_state.setdefault(_MINE, {})
    return mine


def _drawn() -> Kept[Seen | NDArray[np.uint8]]:
    """Return what was made of the pictures last: of this session too, so that nobody else's memory holds them."""
    drawn: Kept[Seen | NDArray[np.uint8]] = st.session_state.setdefault(_DRAWN, Kept(_MOST_DRAWN))
    return drawn


@st.cache_resource(show_spinner=False)
def _sample(name: str) -> Photo:
    return sample_photo(name)
