"""Equal tiles: a picture, what the network says of it, what the network is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.experiment import in_words
from core.families import Member
from core.figures.bars import top_bars
from core.figures.look import MASKED, Look
from core.pruning.settings import Pruning
from core.pruning.techniques import TECHNIQUES
from core.words import count, percent
from pages.widgets.asked import View
from pages.widgets.errors import plain
from pages.widgets.look import is_dark
from pages.widgets.views import Shown, sparsity_of

WIDTH = 240  # pixels: five in a row at 1440, three at 800
_LONGEST = 22  # characters of a class name that fit on one line


@dataclass(frozen=True, eq=False)
class Tile:
    """A network in words, and what it says of the image: (classes,)."""

    key: str
    title: str
    details: str  # for the hover, empty if the title says it all
    about: str  # under the picture
    reason: str  # why there is no map, empty if there is one
    facts: tuple[str, str]
    probabilities: NDArray[np.float32]
    target: int


def tile_of(key: str, view: View, look: Look, end: float) -> Tile:
    """Return the tile of a network that was asked."""
    subject, pruning = view.ask.image.subject, view.pruning
    gone = f"sparsity {percent(sparsity_of(subject, pruning))}"
    return Tile(
        key=key,
        title=title_of(pruning),
        details="" if pruning.dense else in_words(pruning),
        about=_about(view, look, end),
        reason=view.reason,
        facts=(_how(pruning, gone), _accuracy(view.member)),
        probabilities=view.probabilities,
        target=view.target,
    )


def draw_tile(tile: Tile, picture: NDArray[np.uint8], image: Shown) -> None:
    """Draw a tile; each part of it has the same height whatever it says."""
    names, label = image.subject.network.classes, image.example.label
    with st.container(width=WIDTH, gap="xsmall"):
        st.markdown(f"**{plain(tile.title)}**", help=plain(tile.details) or None)
        st.image(picture, caption=plain(tile.about), width="stretch", output_format="PNG")
        st.markdown(_verdict(tile, names, label))
        st.caption("  \n".join(plain(fact) for fact in tile.facts))
        bars = top_bars(tile.probabilities, names, true_class=label, highlight=tile.target, dark=is_dark())
        st.plotly_chart(bars, key=f"bars {tile.key}", config={"displayModeBar": False}, theme=None)
        if tile.reason:
            st.caption(f"No map: {plain(tile.reason)}")


def draw_picture(picture: NDArray[np.uint8], image: Shown) -> st.delta_generator.DeltaGenerator:
    """Draw the tile of the picture itself and return the room below, where the other tiles have their bars."""
    with st.container(width=WIDTH, gap="xsmall"):
        st.markdown("**Picture**")
        st.image(picture, caption=plain(image.example.id), width="stretch", output_format="PNG")
        st.markdown(plain(short(image.subject.network.classes[image.example.label])))
        st.caption("the true class")
        return st.container()


def short(name: str) -> str:
    """Cut a class name so that it fits on one line of a tile."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"


def title_of(pruning: Pruning) -> str:
    """Return a network's name, short enough for a tile: "Structured 0.15"."""
    return "Dense" if pruning.dense else f"{TECHNIQUES[pruning.technique].title} {pruning.rate:.2f}"


def _how(pruning: Pruning, gone: str) -> str:
    return "nothing is removed" if pruning.dense else f"{gone}, {pruning.criterion.capitalize()}, {pruning.ranking}"


def _accuracy(member: Member | None) -> str:
    if member is None or member.top1 is None:
        return "accuracy not measured yet"
    return f"top-1 {percent(member.top1)} on {count(member.images, 'image')}"


def _about(view: View, look: Look, end: float) -> str:
    """Say what the map is; of one with a scale of its own also where that ends."""
    name = short(view.ask.image.subject.network.classes[view.target])
    if view.map is None:
        return f"no map for {name}"
    if not view.map.any():
        return f"nothing counts for {name}"
    if look.common or look.style == MASKED:
        return f"{view.ask.question.entry.title} for {name}"
    return f"for {name}, scale to {end:.2g}"


def _verdict(tile: Tile, names: tuple[str, ...], label: int) -> str:
    said = int(np.argmax(tile.probabilities))
    colour, mark = ("green", "right") if said == label else ("red", "wrong")
    return f":{colour}[**{mark}**] {plain(short(names[said]))} {percent(float(tile.probabilities[said]))}"
