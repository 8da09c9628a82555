"""Under each tile: how far its map agrees with the dense one, beside two yardsticks; whether it is on the object."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.figures.agreement import OTHER, RANDOMISED, Scores, agreement_chart
from core.interpretability.measures.agreement import AGREEMENT, agreement
from core.interpretability.measures.localisation import LOCALISATION, area, localisation
from core.interpretability.measures.measure import Measure
from core.words import percent
from pages.widgets.asked import View, ask_of
from pages.widgets.errors import plain
from pages.widgets.kept import Kept
from pages.widgets.look import is_dark
from pages.widgets.views import Answer, Ask, Shown, blocks
from pages.widgets.work import answers

_SCORES = 2048

Yardsticks = Mapping[str, Scores]


def draw_agreement(
    views: Sequence[View], slots: Sequence[DeltaGenerator], other: Shown | None, room: DeltaGenerator
) -> None:
    """Fill the slots of the tiles: at once what is known, then, beside it, the yardsticks, which take two maps more.

    `other` is another image, None if there is no other; `room` has the bar where the yardsticks take long.
    """
    stopped = any(view.answer is None for view in views)  # who stopped the maps does not want more of them
    asks = {} if stopped else _yardsticks(views[0], other)
    if any(ask.known is None for ask in asks.values()):
        _fill(views, slots, {}, other, "early")
    found = dict(zip(asks, answers(list(asks.values()), room, "yardsticks"), strict=True))
    known = {name: _compared(asks[name], views[0].ask) for name in asks if _is_map(found[name])}
    _fill(views, slots, known, other, "whole")


def compared(ask: Ask, dense: Ask) -> Scores | None:
    """Return how far two maps agree, None where one of them is not there."""
    return _compared(ask, dense) if _is_map(ask.known) and _is_map(dense.known) else None


def _yardsticks(dense: View, other: Shown | None) -> dict[str, Ask]:
    """Return the two questions: to the dense network with fresh parameters, and about another image."""
    if dense.map is None:
        return {}
    ask, question = dense.ask, dense.ask.question
    nothing = replace(ask.variant, randomised=blocks(ask.image.network))
    asks = {RANDOMISED: Ask(ask.image, nothing, ask.target, question)}
    return asks if other is None else {**asks, OTHER: ask_of(other, dense.member, question)}


def _fill(
    views: Sequence[View], slots: Sequence[DeltaGenerator], yardsticks: Yardsticks, other: Shown | None, stage: str
) -> None:
    for place, (view, slot) in enumerate(zip(views, slots, strict=True)):
        with slot.container(gap="xsmall"):
            if view.probabilities is None:
                continue  # the tile says it already
            if view.reason:
                st.caption(f"No map: {plain(view.reason)}")
                continue
            _draw_object(view)
            scores = compared(view.ask, views[0].ask) if place else None
            _draw_head(place, scores, yardsticks, other)
            chart = agreement_chart(scores, yardsticks, is_dark())
            st.plotly_chart(chart, key=f"agreement {place} {stage}", config={"displayModeBar": False}, theme=None)


def _draw_head(place: int, scores: Scores | None, yardsticks: Yardsticks, other: Shown | None) -> None:
    if place == 0:
        st.caption("◇ randomised, | another image", help=_yardsticks_in_words(yardsticks, other))
    elif scores is None:
        st.caption("The dense network has no map to agree with")
    elif all(math.isnan(score) for score in scores.values()):
        st.caption("One of the maps is the same everywhere")
    else:
        st.caption("Agreement with the dense map", help=_meanings(AGREEMENT))


def _yardsticks_in_words(yardsticks: Yardsticks, other: Shown | None) -> str:
    where = "" if other is None else f" ({plain(other.id)}{'' if other.label is None else ', of another class'})"
    return (
        "Two yardsticks for the agreement in the other tiles. ◇ is how far this map agrees with that of the same "
        "network with fresh random weights in all layers (Adebayo et al. 2018, arXiv 1810.03292): a network that knows "
        f"nothing. | is how far it agrees with this network's map of another image{where}: what all images share. "
        "A map near either of them tells nothing of this network and this image."
    )


def _draw_object(view: View) -> None:
    """Say whether the map lies on the object, where the source knows it."""
    mask = view.ask.image.mask
    if mask is None or view.map is None or not mask.any():
        return
    found = {name: float(scores[0]) for name, scores in localisation(view.map[None], mask[None]).items()}
    chance = percent(float(area(mask[None])[0]), 0)
    hit = {1.0: "Object hit", 0.0: "Object missed"}.get(found["pointing"], "No pixel is first")  # many share its place
    nothing = math.isnan(found["inside"])
    said = "Nothing is on the object" if nothing else f"{hit}, {percent(found['inside'], 0)} inside"
    st.caption(f"{said} (area {chance})", help=_meanings(LOCALISATION))


def _meanings(measures: Mapping[str, Measure]) -> str:
    return "\n\n".join(f"**{plain(one.title)}.** {plain(one.meaning)}" for one in measures.values())


@st.cache_resource(show_spinner=False)
def _scores() -> Kept[Scores]:
    return Kept(_SCORES)


def _compared(ask: Ask, dense: Ask) -> Scores:
    key = (ask.key, dense.key)
    found = _scores().get(key)
    return _scores().put(key, _agreement(ask.known, dense.known)) if found is None else found


def _agreement(one: Answer | None, other: Answer | None) -> Scores:
    first, second = (np.asarray(each)[None] for each in (one, other))
    return {name: float(scores[0]) for name, scores in agreement(first, second).items()}


def _is_map(answer: Answer | None) -> bool:
    return isinstance(answer, np.ndarray)
