"""The strip: the picture, then one tile a network, all asked the same and shown alike."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.figures.captions import details, scale_in_words
from core.figures.look import MASKED, Look, outlined, picture_of
from core.figures.maps import Picture, scale_bar
from core.interpretability.question import TARGETS, Question
from core.words import duration, listed, percent
from pages.widgets.asked import View, ask_all, ask_of, limits_of
from pages.widgets.compared import Compared
from pages.widgets.errors import plain
from pages.widgets.look import is_dark
from pages.widgets.question import passes_in_words
from pages.widgets.tiles import draw_picture, draw_tile, tile_of
from pages.widgets.views import Shown

_AHEAD = 4  # maps that are prepared on the curve, the nearest first
_PATIENCE = 10.0  # seconds: a map that takes longer is not prepared


def draw_strip(image: Shown, compared: Compared, question: Question, look: Look, scale: DeltaGenerator) -> list[View]:
    """Draw the picture and a tile for each network, above them in words what they share, and in `scale` as a bar.

    While the maps take long, `scale` has the bar that tells how long.
    """
    words = st.empty()
    room = scale.empty()
    strip = st.container(horizontal=True, gap="small")
    with strip, draw_picture(outlined(image.example.pixels, image.example.mask, look), image):
        about = st.container()
    views = ask_all(image, compared, question, room)
    _explain(about, views)
    ends = limits_of(views, look)
    words.caption(_in_words(image, question, look, views, ends))
    with scale:
        _draw_scale(question, look, views, ends)
    with strip:
        for place, (view, end) in enumerate(zip(views, ends, strict=True)):
            draw_tile(tile_of(str(place), view, look, end), picture_in(view, look, end), image)
    return views


def picture_in(view: View, look: Look, end: float) -> Picture:
    """Return a view's map as a picture; where there is none, the picture itself, almost vanished."""
    example, signed = view.ask.image.example, view.ask.question.entry.signed
    values, how = (np.zeros(example.pixels.shape[:2]), Look(MASKED)) if view.map is None else (view.map, look)
    drawn = picture_of(example.pixels, values, how, limit=end, signed=signed, dark=is_dark())
    return outlined(drawn, example.mask, look)


def prepare(image: Shown, compared: Compared, question: Question) -> None:
    """Compute, once the page is drawn, the maps that the slider will ask for next; any click ends it."""
    told = st.empty()
    for member in compared.neighbours()[:_AHEAD]:
        ask = ask_of(image, member, question)
        if ask.known is None and (ask.seconds or 0) < _PATIENCE:
            ask.answer(partial(_tell, told, f"Preparing the map at rate {member.rate:g} …"))
    told.empty()


def _tell(told: DeltaGenerator, words: str, done: int, total: int, what: str) -> None:
    told.caption(words)  # here Streamlit lets a click take over


def _draw_scale(question: Question, look: Look, views: Sequence[View], ends: Sequence[float]) -> None:
    """Draw what the colours mean; a masked picture has none."""
    if look.style == MASKED:
        st.caption(f"Visible: the {percent(look.share, 0)} of the pixels that count most for the class, in each map.")
        return
    limit = ends[0] if look.common else None
    bar = scale_bar(limit=limit, signed=question.entry.signed, dark=is_dark(), unit=question.entry.unit)
    st.plotly_chart(bar, key="scale bar", config={"displayModeBar": False}, theme=None)


def _explain(about: DeltaGenerator, views: Sequence[View]) -> None:
    """Say what the method tells, what it cannot tell and what it costs."""
    question = views[0].ask.question
    method = question.entry
    about.caption(f"{plain(method.meaning)} Limits: {plain(method.limits[:1].lower() + method.limits[1:])}")
    about.caption(_cost(views))


def _cost(views: Sequence[View]) -> str:
    question = views[0].ask.question
    passes = passes_in_words(question.entry.cost(question.settings))
    seconds = [view.ask.seconds or 0.0 for view in views]
    expected = f", about {duration(sum(seconds))} for these {len(views)}" if sum(seconds) >= 1 else ""
    return f"{passes[:1].upper()}{passes[1:]} a network{expected}."


def _in_words(image: Shown, question: Question, look: Look, views: Sequence[View], ends: Sequence[float]) -> str:
    """Say the method and its settings, the target, the baseline and the scale."""
    classes = image.subject.network.classes
    targets = [f"**{plain(classes[target])}**" for target in dict.fromkeys(view.target for view in views)]
    what = f"**{plain(question.entry.title)}** for {listed(targets)} ({TARGETS[question.target].title})"
    maps = [(view.map, end) for view, end in zip(views, ends, strict=True) if view.map is not None]
    scale = scale_in_words(look, [one for one, _ in maps], [end for _, end in maps]) if maps else ""
    return f"{', '.join([what, *map(plain, details(question))])}. {scale}"
