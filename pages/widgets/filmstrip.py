"""Which image: a list to choose from, thumbnails to click, the next and the previous. The URL holds it (`image`)."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from core.data.example import find_image
from core.data.order import stratified_order
from core.data.source import Source
from core.errors import InvalidSettingError
from core.evaluation.disagreement import disagreements
from core.jobs.subject import Subject
from core.store.predictions import load
from core.words import count
from pages.widgets.class_names import by_class_name
from pages.widgets.compared import Compared
from pages.widgets.core_access import made_at, store
from pages.widgets.errors import plain, show_error
from pages.widgets.pins import draw_pins
from pages.widgets.said import places_in_source
from pages.widgets.steps import THUMBNAILS, draw_steps, draw_thumbnail
from pages.widgets.views import shown

EVERY, LOST = "All images", "Dense right, pruned wrong"


def choose_image(subject: Subject, compared: Compared, left: DeltaGenerator, right: DeltaGenerator) -> int:
    """Draw the choice of the image, the list at the `left`, and return its place in the source."""
    with left:
        places = _listed(subject, compared)
        chosen = _chosen(subject.source, places)
        found = np.flatnonzero(places == chosen)
        at = int(found[0]) if len(found) else 0
        _steps(subject.source, places, at)
        st.caption(f"{at + 1:,} of {len(places):,}" if len(found) else f"not one of these {len(places):,}")
    with right:
        _thumbnails(subject, places, at, chosen)
    draw_pins(subject, subject.source.ids[chosen])
    return chosen


def _listed(subject: Subject, compared: Compared) -> NDArray[np.int64]:
    """Draw the list of lists and return the places in the source of the images in the chosen one."""
    named = _classes(subject)
    listing = st.selectbox(
        "Images",
        [EVERY, LOST, *named],
        key="images_of",
        bind="query-params",
        on_change=_forget_image,
        help="All, those of one class, or those that the dense network knows and the moving network lost, "
        "the largest rise of the loss first.",
    )
    if listing == LOST:
        return _lost(subject, compared)
    if listing == EVERY:
        return _everything(subject.source.identity(), subject.source)
    return np.flatnonzero(subject.source.labels == named[listing])


def _classes(subject: Subject) -> dict[str, int]:
    """Return the classes that have images, by the network's names."""
    return by_class_name(subject.network.classes, np.unique(subject.source.labels).tolist())


@st.cache_resource(max_entries=8, show_spinner=False)
def _everything(identity: str, _source: Source) -> NDArray[np.int64]:
    return stratified_order(_source.labels)


def _lost(subject: Subject, compared: Compared) -> NDArray[np.int64]:
    """Return the images lost by the moving network; all, and say why, where there are none."""
    everything = _everything(subject.source.identity(), subject.source)
    if compared.family is None or compared.family.dense is None or compared.moving is None:
        st.caption("Nothing was measured yet: these are all images.")
        return everything
    dense, moving = compared.family.dense, compared.moving
    images = min(moving.images, dense.images)
    places = _lost_places(moving.id, made_at(moving.spec, moving.id), dense.id, images, subject)
    if len(places):
        return places
    measured = count(images, "measured image")
    st.caption(f"{plain(moving.words)} lost none of {measured}: these are all images.")
    return everything


@st.cache_resource(max_entries=64, show_spinner=False)
def _lost_places(run_id: str, made: int | None, dense_id: str, images: int, _subject: Subject) -> NDArray[np.int64]:
    """Return the lost images by their places in the source."""
    found = disagreements(load(store(), run_id, images), load(store(), dense_id, images), "lost")
    return places_in_source(_subject, found["image"].to_numpy())


def _chosen(source: Source, places: NDArray[np.int64]) -> int:
    """Return the place of the image in the URL; where it names none of the source's, of the first in the list."""
    named, chosen = st.query_params.get("image"), int(places[0])
    try:
        chosen = find_image(source, named) if named else chosen
    except InvalidSettingError as error:
        show_error(error)
    _go(source.ids[chosen])
    return chosen


def _steps(source: Source, places: NDArray[np.int64], at: int) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        before, after = (source.ids[places[to]] if 0 <= to < len(places) else None for to in (at - 1, at + 1))
        draw_steps(before, after, _go)
        st.button("Random", key="random", on_click=_go_anywhere, args=(source, places))


def _thumbnails(subject: Subject, places: NDArray[np.int64], at: int, chosen: int) -> None:
    """Draw the images around the chosen one; which they are changes only when it leaves them."""
    first = at // THUMBNAILS * THUMBNAILS
    with st.container(horizontal=True, gap="xsmall"):
        for number, place in enumerate(places[first : first + THUMBNAILS].tolist(), start=first + 1):
            _thumbnail(subject, place, f"{number:,}", place == chosen)


def _thumbnail(subject: Subject, place: int, label: str, is_chosen: bool) -> None:
    """Draw one image and the button that chooses it: with a number, as the class may be longer than a line."""
    source = subject.source
    name = subject.network.classes[source.labels[place]]
    key, to = f"thumbnail {place}", partial(_go, source.ids[place])
    draw_thumbnail(lambda: shown(subject, place).pixels, label, name, key=key, is_chosen=is_chosen, go=to)


def _go(identity: str) -> None:
    st.query_params["image"] = identity


def _go_anywhere(source: Source, places: NDArray[np.int64]) -> None:
    _go(source.ids[places[np.random.default_rng().integers(len(places))]])


def _forget_image() -> None:
    st.query_params.pop("image", None)
