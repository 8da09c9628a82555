"""The strip: the picture, then one tile a network, all asked the same and shown alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.figures.captions import details, scale_in_words
from core.figures.export import file_name
from core.figures.look import MASKED, Look, outlined
from core.figures.maps import scale_bar
from core.interpretability.question import Question, target_title
from core.words import duration, listed, percent
from pages.widgets.asked import View, ask_all, ask_of, limits_of
from pages.widgets.compared import Compared
from pages.widgets.errors import plain
from pages.widgets.look import is_dark
from pages.widgets.pictures import all_files, picture_in
from pages.widgets.question import passes_in_words
from pages.widgets.tiles import draw_picture, draw_tile, tile_of
from pages.widgets.views import Shown

_AHEAD = 4  # maps that are prepared on the curve, the nearest first
_PATIENCE = 10.0  # seconds: a map that takes longer is not prepared


@dataclass(frozen=True, eq=False)
class Strip:
    """What stands side by side: the views, where their scales end, and an empty slot in the tile of each."""

    views: list[View]
    ends: list[float]
    slots: list[DeltaGenerator]


def draw_strip(image: Shown, compared: Compared, question: Question, look: Look, scale: DeltaGenerator) -> Strip:
    """Draw the picture and a tile for each network, above them in words what they share, and in `scale` as a bar.

    While the maps take long, the bar that tells how long is where the words will be.
    """
    words = st.container()
    room = scale.empty()
    strip = st.container(horizontal=True, gap="small")
    with strip, draw_picture(outlined(image.pixels, image.mask, look), image):
        about = st.container()
    views = ask_all(image, compared, question, room, words)
    _explain(about, views)
    ends = limits_of(views, look)
    words.caption(_in_words(image, question, look, views, ends))
    with scale:
        _draw_scale(question, look, views, ends)
    with strip:
        slots = [
            draw_tile(tile_of(view, look, end, views), picture_in(view, look, end), image)
            for view, end in zip(views, ends, strict=True)
        ]
    with about:
        _download(views, look, ends)
    return Strip(views, ends, slots)


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


def _download(views: Sequence[View], look: Look, ends: Sequence[float]) -> None:
    st.download_button(
        "Download all",
        partial(all_files, views, look, ends),
        f"{file_name(views[0].ask.image.id, views[0].ask.question.method)}.zip",
        "application/zip",
        type="tertiary",
        on_click="ignore",
        help="A ZIP file: each map as PNG with its caption and as NPZ with its numbers, and all side by side",
    )


def _cost(views: Sequence[View]) -> str:
    question = views[0].ask.question
    passes = passes_in_words(question.entry.cost(question.settings))
    seconds = [view.ask.seconds or 0.0 for view in views]
    expected = f", about {duration(sum(seconds))} for these {len(views)}" if sum(seconds) >= 1 else ""
    return f"{passes[:1].upper()}{passes[1:]} a network{expected}."


def _in_words(image: Shown, question: Question, look: Look, views: Sequence[View], ends: Sequence[float]) -> str:
    """Say the method and its settings, the target, the baseline and the scale."""
    classes = image.network.classes
    targets = [f"**{plain(classes[target])}**" for target in dict.fromkeys(view.target for view in views)]
    what = f"**{plain(question.entry.title)}** for {listed(targets)} ({target_title(question.target)})"
    maps = [(view.map, end) for view, end in zip(views, ends, strict=True) if view.map is not None]
    scale = scale_in_words(look, [one for one, _ in maps], [end for _, end in maps]) if maps else ""
    return f"{', '.join([what, *map(plain, details(question))])}. {scale}"
