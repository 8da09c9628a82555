"""The strip: the picture, then one tile a network, all asked the same and shown on one colour scale."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from core.families import Member
from core.figures.maps import common_limit, outline, overlay, scale_bar
from core.interpretability.attribution.baselines import BASELINES
from core.interpretability.question import TARGETS, Question, target_class
from core.pruning.settings import Pruning
from core.words import duration, listed
from pages.widgets.compared import Compared
from pages.widgets.errors import plain
from pages.widgets.look import is_dark
from pages.widgets.question import Look
from pages.widgets.tiles import draw_picture, draw_tile, tile_of
from pages.widgets.views import Shown, map_of, probabilities_of

_AHEAD = 4  # maps that are prepared on the curve, the nearest first
_OUTLINE = "#FFFFFF"
_LARGER = 2  # times, where there is an outline

Picture = NDArray[np.uint8]  # (h, w, 3)


@dataclass(frozen=True, eq=False)
class View:
    """What one network says of the image, and its map (h, w) for the class `target`."""

    member: Member | None  # None: the dense network, which was not run
    probabilities: NDArray[np.float32]
    target: int
    map: NDArray[np.float32]


def draw_strip(image: Shown, compared: Compared, question: Question, look: Look) -> None:
    """Draw the picture and a tile for each network, above them in words and as a bar what they share."""
    words, scale = st.columns(2, vertical_alignment="center")
    strip = st.container(horizontal=True, gap="small")
    with strip, draw_picture(_outlined(image.example.pixels, image, look), image):
        st.caption(_explained(question))
        views = _views(image, compared, question)
    limit = common_limit([view.map for view in views])
    words.caption(_in_words(image, question, views))
    with scale:
        _draw_scale(question, limit)
    with strip:
        for place, view in enumerate(views):
            _draw_view(str(place), view, image, question, _overlaid(view, image, question, look, limit))


def prepare(image: Shown, compared: Compared, question: Question) -> None:
    """Compute, once the page is drawn, the maps that the slider will ask for next; any click ends it."""
    told = st.empty()
    for member in compared.neighbours()[:_AHEAD]:
        told.caption(f"Preparing the map at rate {member.rate:g} …")  # here Streamlit lets a click take over
        _view(image, member, question)
    told.empty()


def _views(image: Shown, compared: Compared, question: Question) -> list[View]:
    """Return the view of each network, the dense one first, and tell how far it is where that takes long."""
    members, started = [compared.dense, *compared.members], time.monotonic()
    views: list[View] = []
    for done, member in enumerate(members):
        with st.spinner(_progress(question, done, len(members), time.monotonic() - started)):
            views.append(_view(image, member, question))
    return views


def _progress(question: Question, done: int, total: int, spent: float) -> str:
    left = f", {duration(spent / done * (total - done))} left" if done else ""
    return f"{question.entry.title}: network {done + 1} of {total}{left}"


def _view(image: Shown, member: Member | None, question: Question) -> View:
    pruning = Pruning() if member is None else member.spec.pruning
    dense, own = probabilities_of(image, Pruning()), probabilities_of(image, pruning)
    target = target_class(question.target, image.example.label, dense.tolist(), own.tolist())
    return View(member, own, target, map_of(image, pruning, target, question))


def _draw_view(key: str, view: View, image: Shown, question: Question, picture: Picture) -> None:
    nothing = "" if view.map.any() else ": nothing"
    title = f"{question.entry.title}{nothing}"
    draw_tile(tile_of(key, view.member, image, view.probabilities, view.target, title), picture, image)


def _overlaid(view: View, image: Shown, question: Question, look: Look, limit: float) -> Picture:
    signed, pixels = question.entry.signed, image.example.pixels
    laid = overlay(pixels, view.map, limit=limit, signed=signed, opacity=look.opacity, dark=is_dark())
    return _outlined(laid, image, look)


def _outlined(picture: Picture, image: Shown, look: Look) -> Picture:
    """Draw the target's outline, on an enlarged picture so that the line is thin."""
    mask = image.example.mask
    if not look.outline or mask is None:
        return picture
    large = _enlarged(mask.astype(np.uint8) * 255) >= 128
    return outline(_enlarged(picture), large, _OUTLINE)


def _enlarged(pixels: Picture) -> Picture:
    size = (pixels.shape[1] * _LARGER, pixels.shape[0] * _LARGER)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def _draw_scale(question: Question, limit: float) -> None:
    bar = scale_bar(limit=limit, signed=question.entry.signed, dark=is_dark(), unit=question.entry.unit)
    st.plotly_chart(bar, key="scale", config={"displayModeBar": False}, theme=None)


def _explained(question: Question) -> str:
    method = question.entry
    return f"{method.meaning} Limits: {method.limits[:1].lower()}{method.limits[1:]}"


def _in_words(image: Shown, question: Question, views: list[View]) -> str:
    """Say the target, the baseline and the scale."""
    method, classes = question.entry, image.subject.network.classes
    targets = [f"**{plain(classes[target])}**" for target in dict.fromkeys(view.target for view in views)]
    start = f", from a {BASELINES[question.start].title} picture on" if question.start else ""
    scale = f"One colour scale for all {len(views)} networks; it" if len(views) > 1 else "The colour scale"
    what = f"**{method.title}** for {listed(targets)} ({TARGETS[question.target].title}){start}"
    return f"{what}. {scale} ends at the 99th percentile of all values."
