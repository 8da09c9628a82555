"""The images of which dense and pruned networks say different things, as thumbnails that lead to Saliency."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.errors import PrunescopeError
from core.evaluation.disagreement import KINDS, disagreements
from core.evaluation.exemplars import NO_MODE, exemplars, modes
from core.families import Member
from core.forgetting import ORDERS, PRUNED, distinct, image_table, ordered
from core.words import count, percent
from pages.widgets.address import name_unknown
from pages.widgets.errors import plain
from pages.widgets.population import choose_population
from pages.widgets.said import Said, places_in_source, predictions_of
from pages.widgets.tables import folded_table
from pages.widgets.views import shown

PIES = "PIEs"
EVERY = "All classes"
PER_PAGE = 18
_WIDTH = 200  # pixels: six in a row at 1440, three at 800

Row = Mapping[Hashable, Any]


def draw_gallery(said: Said) -> None:
    """Draw the choice of a kind of image, of an order and of a class, and the images themselves."""
    kind, order, label = _choose(said)
    images = _exemplars(said) if kind == PIES else _disagreements(said, kind)
    images = ordered(images, order)
    images = images if label is None else images[images["label"] == label]
    if images.empty:
        st.info("There is no such image. Choose another kind or class, or a higher rate.")
        return
    places = places_in_source(said.subject, images["image"].to_numpy())
    _draw_page(said, images, places)
    who = PRUNED if kind == PIES else said.who
    table = image_table(images, said.classes, [said.subject.source.ids[place] for place in places], who, said.base)
    formats = {f"{said.base} %": "%.1f", f"{who} %": "%.1f", "change of loss": "%+.3f"}
    name = f"images-{said.member.id}"
    folded_table(f"Table of {count(len(images), 'image')}", table, table, name, formats)


def _choose(said: Said) -> tuple[str, str, int | None]:
    """Draw the controls; return a title of `KINDS` or PIES, one of `ORDERS`, and a class or None for all."""
    names = distinct(said.classes)
    present = [names[label] for label in np.unique(said.dense["label"])]
    kinds = [kind.title for kind in KINDS.values()]
    name_unknown("kind", "kind of image", [*kinds, PIES])
    name_unknown("order", "order", list(ORDERS))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        kind = st.segmented_control(
            "Kind", [*kinds, PIES], default=kinds[0], required=True, key="kind", bind="query-params",
            help=_kinds_help(), on_change=_to_first_page,
        )  # fmt: skip
        help_order = "; ".join(f"{name}: {what}" for name, what in ORDERS.items())
        order = st.selectbox(
            "First those", list(ORDERS), key="order", bind="query-params", width=160, help=help_order,
            on_change=_to_first_page,
        )  # fmt: skip
        name = st.selectbox(
            "True class", [EVERY, *present], key="class", bind="query-params", width=190, on_change=_to_first_page
        )
    return str(kind), order, None if name == EVERY else names.index(name)


def _kinds_help() -> str:
    pairs = "; ".join(f"{kind.title}: {kind.meaning}" for kind in KINDS.values())
    return (
        f"{pairs}; {PIES}: pruning identified exemplars (Hooker et al. 2019, arXiv 1911.05248), the images of which a "
        "population of pruned networks most often says something else than the dense network"
    )


def _disagreements(said: Said, title: str) -> pd.DataFrame:
    """Return the images of a kind, and say what they are."""
    kind = next(name for name, one in KINDS.items() if one.title == title)
    images = disagreements(said.pruned, said.dense, kind)
    seen = count(len(said.dense), "image")
    st.caption(plain(f"{count(len(images), 'disagreement')} on {seen}: {KINDS[kind].meaning}."))
    return images


def _exemplars(said: Said) -> pd.DataFrame:
    """Draw the choice of a population and return its PIEs, and say what they are."""
    members = choose_population(said.family)
    if len(members) < 2:
        found = count(len(members), "network")
        st.caption(f"{found} in this range: a population takes two or more. Widen it, or run more in Trade-offs.")
        return pd.DataFrame(columns=["label", "dense_probability"])
    table = modes([predictions_of(member) for member in members], said.dense)
    images = exemplars(table)
    st.caption(plain(_exemplars_in_words(members, table, images)))
    return images


def _exemplars_in_words(members: tuple[Member, ...], table: pd.DataFrame, images: pd.DataFrame) -> str:
    ties = int((table["pruned"] == NO_MODE).sum())
    tops = [member.top1 for member in members if member.top1 is not None]
    left_out = f" Left out: {count(ties, 'image')} without a most frequent answer." if ties else ""
    known = (images["dense"] == images["label"]).mean() if len(images) else 0.0
    return (
        f"{count(len(images), 'pruning identified exemplar')} (Hooker et al. 2019, arXiv 1911.05248) among "
        f"{count(len(table), 'image')}: what most of the {len(members):,} networks say (top-1 {percent(min(tops))} to "
        f"{percent(max(tops))}) is not what the dense network says, which stands for the dense population. The dense "
        f"network is right about {percent(known)} of them, and {percent((table['dense'] == table['label']).mean())} of "
        f"all.{left_out}"
    )


def _draw_page(said: Said, images: pd.DataFrame, places: np.ndarray) -> None:
    pages = -(-len(images) // PER_PAGE)
    page = _choose_page(pages)
    first = PER_PAGE * (page - 1)
    rows = images.iloc[first : first + PER_PAGE].to_dict("records")
    with st.container(horizontal=True, gap="small"):
        for row, place in zip(rows, places[first : first + PER_PAGE].tolist(), strict=True):
            with st.container(width=_WIDTH, gap="xxsmall"):
                _draw_card(said, row, place)


def _choose_page(pages: int) -> int:
    if pages == 1:
        return 1
    if st.session_state.get("page", 1) > pages:
        st.session_state["page"] = 1
    return st.pagination(pages, key="page", bind="query-params")


def _to_first_page() -> None:
    st.session_state["page"] = 1


def _draw_card(said: Said, row: Row, place: int) -> None:
    """Draw an image, its class, what the networks say of it, and the button that leads to Saliency."""
    source, name = said.subject.source, said.classes[row["label"]]
    try:
        st.image(shown(said.subject, place).pixels, width="stretch", alt=name)
    except PrunescopeError as error:
        st.caption(plain(str(error)))
    st.markdown(f"**{plain(name)}**", wrap=False)
    for line in _lines(row, said.classes, said.who, said.base):
        st.caption(line, wrap=False)
    if st.button("Look inside", key=f"inside {place}", type="tertiary", help=plain(f"{name}, {source.ids[place]}")):
        st.switch_page("pages/saliency.py", query_params={"run": said.member.id, "image": source.ids[place]})


def _lines(row: Row, classes: tuple[str, ...], who: str, base: str) -> tuple[str, str, str]:
    dense = _verdict(base, row["dense"], row["label"], percent(row["dense_probability"], 0), classes)
    if "votes" in row:
        pruned = _verdict(count(row["votes"], "network"), row["pruned"], row["label"], "", classes)
    else:
        pruned = _verdict(who, row["pruned"], row["label"], percent(row["pruned_probability"], 0), classes)
    loss = f"loss {row['loss_change']:+.2f}".replace("-", "−")
    return dense, pruned, plain(f"mean {loss}" if "votes" in row else loss)


def _verdict(who: str, said: int, label: int, sure: str, classes: tuple[str, ...]) -> str:
    """Return what a network says and how surely; the class only where it is wrong."""
    if said == label:
        return f"{who} :green[✓] {sure}"
    return f"{who} :red[✗] {sure} {plain(classes[said])}"
