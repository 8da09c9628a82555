"""Equal tiles: a picture, what the network says of it, what the network is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from core.experiment import ExperimentSpec
from core.families import Member
from core.figures.bars import bars_height, top_bars
from core.figures.look import MASKED, Look
from core.words import count, percent, shortened
from pages.widgets.asked import View
from pages.widgets.closeup import enlarge
from pages.widgets.elsewhere import offer_retraining
from pages.widgets.errors import plain
from pages.widgets.look import is_dark
from pages.widgets.pins import pin_button
from pages.widgets.views import Shown

WIDTH = 240  # pixels: five in a row at 1440, three at 800
_BELOW = 150  # pixels for what is measured on the map
_LONGEST = 22  # characters of a class name that fit on one line
_LINE = 36  # small characters that fit on one line
_BESIDE = 27  # and beside the button that enlarges the map


@dataclass(frozen=True, eq=False)
class Tile:
    """A network in words, and what it says of the image: (classes,)."""

    key: str
    title: str
    details: str  # for the hover, empty if the title says it all
    about: str  # under the picture
    facts: tuple[str, ...]  # of each tile of a strip as many
    probabilities: NDArray[np.float32] | None  # None: the network is not here
    elsewhere: dict[str, ExperimentSpec]  # then: what it is, by its run
    target: int
    dense_says: int | None  # what the dense network takes the image for; None in its own tile


def tile_of(view: View, look: Look, end: float, beside: Sequence[View]) -> Tile:
    """Return the tile of a network that was asked, one of those that stand side by side."""
    retrained = any(one.spec.retraining for one in beside)
    return Tile(
        key=view.key,
        title=view.title,
        details="" if view.spec.is_dense else view.words,
        about=_about(view, look, end),
        facts=(_how(view), *([_retraining(view)] if retrained else []), _accuracy(view.member)),
        probabilities=view.probabilities,
        elsewhere={} if view.member is None else {view.member.id: view.spec},
        target=view.target,
        dense_says=None if view is beside[0] else _said(beside[0].probabilities),
    )


def draw_tile(tile: Tile, picture: NDArray[np.uint8], image: Shown) -> DeltaGenerator:
    """Draw a tile and return the empty slot below; each part has the same height whatever it says."""
    names, label = image.network.classes, image.label
    with st.container(width=WIDTH, gap="xsmall"):
        st.markdown(f"**{plain(tile.title)}**", help=plain(tile.details) or None)
        st.image(picture, width="stretch", output_format="PNG")
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.caption(plain(tile.about), wrap=False)
            st.button(
                "Enlarge",
                key=f"enlarge {tile.key}",
                type="tertiary",
                on_click=enlarge,
                args=(tile.key,),
                help="This map in full size with its values, and to download",
            )
        st.markdown(_verdict(tile, names, label))
        st.caption("  \n".join(plain(fact) for fact in tile.facts))
        _draw_answer(tile, names, label)
        with st.container(height=_BELOW, border=False):
            return st.empty()


def _draw_answer(tile: Tile, names: tuple[str, ...], label: int | None) -> None:
    """Draw the likeliest classes; of a network that is not here, how one comes by it, in the same room."""
    if tile.probabilities is not None:
        bars = top_bars(tile.probabilities, names, true_class=label, highlight=tile.target, dark=is_dark())
        st.plotly_chart(bars, key=f"bars {tile.key}", config={"displayModeBar": False}, theme=None)
        return
    with st.container(height=bars_height(), border=False):
        st.caption("The weights that retraining made are not on this machine, or damaged.")
        offer_retraining(tile.elsewhere, tile.key)


def draw_picture(picture: NDArray[np.uint8], image: Shown) -> DeltaGenerator:
    """Draw the tile of the picture itself and return the room below, where the other tiles have their bars."""
    with st.container(width=WIDTH, gap="xsmall"):
        st.markdown("**Picture**")
        st.image(picture, width="stretch", output_format="PNG")
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.caption(plain(image.id), wrap=False)
            pin_button(image)
        if image.label is None:
            st.markdown("not part of the data", help=f"It is {plain(image.origin)}: nobody has said what it shows.")
            st.caption("no true class")
        else:
            st.markdown(plain(shortened(image.network.classes[image.label], _LONGEST)))
            st.caption("the true class")
        return st.container()


def _how(view: View) -> str:
    pruning, gone = view.spec.pruning, view.sparsity
    if pruning.dense and not gone:
        return "nothing is removed"
    sparsity = "sparsity not known" if gone is None else f"sparsity {percent(gone)}"
    how = "as it came" if pruning.dense else f"{pruning.criterion.capitalize()}, {pruning.ranking}"
    return f"{sparsity}, {how}"


def _retraining(view: View) -> str:
    return "not retrained" if view.spec.retraining is None else shortened(view.spec.retraining.in_words(), _LINE)


def _accuracy(member: Member | None) -> str:
    if member is None or member.top1 is None:
        return "accuracy not measured yet"
    return f"top-1 {percent(member.top1)} on {count(member.images, 'image')}"


def _about(view: View, look: Look, end: float) -> str:
    """Say what the map is, on one line; of one with a scale of its own also where that ends."""
    what = "no map for" if view.map is None else "for" if view.map.any() else "nothing counts for"
    own = what == "for" and not (look.common or look.style == MASKED)
    to = f", to {end:.2g}" if own else ""
    name = view.ask.image.network.classes[view.target]
    return f"{what} {shortened(name, _BESIDE - len(what) - len(to))}{to}"


def _verdict(tile: Tile, names: tuple[str, ...], label: int | None) -> str:
    """Say what the network takes the image for: right or wrong, of an image without a label as dense or not."""
    said = _said(tile.probabilities)
    if tile.probabilities is None or said is None:
        return "its weights are not here"
    if label is not None:
        mark = ":green[**right**]" if said == label else ":red[**wrong**]"
    elif tile.dense_says is None:
        mark = "**says**"
    else:
        mark = ":green[**as dense**]" if said == tile.dense_says else ":orange[**differs**]"
    return f"{mark} {plain(shortened(names[said], _LONGEST))} {percent(float(tile.probabilities[said]))}"


def _said(probabilities: NDArray[np.float32] | None) -> int | None:
    return None if probabilities is None else int(np.argmax(probabilities))
