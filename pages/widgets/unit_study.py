"""Which study of units is looked at: one that was made, or new settings; the URL holds it by id (`study`)."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.families import Family
from core.interpretability.encoders.registry import ENCODERS
from core.jobs.studied import resolved_study
from core.jobs.subject import Subject
from core.units.places import PLACES, PLACES_IN_WORDS
from core.units.results import known_studies
from core.units.study import (
    ALPHA,
    DRAWINGS,
    EXPLANATIONS,
    IMAGES,
    QUANTILE,
    TASKS,
    Encoding,
    UnitStudy,
    study_from_json,
    study_to_json,
)
from pages.widgets.address import name_unknown
from pages.widgets.core_access import store
from pages.widgets.errors import plain
from pages.widgets.family import show
from pages.widgets.retraining import name_no_number

NEW = "new"
_NEW_IN_WORDS = "New settings"
_RESOLVED_SECONDS = 60  # so long is a file of weights believed to hold what it held


def choose_study(family: Family, subject: Subject, room: DeltaGenerator) -> UnitStudy:
    """Draw the choice of a study and return it, resolved. Raises what is wrong with new settings.

    `room` has the settings of a new one.
    """
    known = {study.id: study for study in known_studies(store(), family.dense.id)} if family.dense else {}
    chosen = _chosen(known)
    show("studied", chosen)
    st.selectbox(
        "Study",
        [*known, NEW],
        format_func=lambda name: known[name].in_words() if name in known else _NEW_IN_WORDS,
        key="studied",
        on_change=_on_study,
        help="What was asked of the units: which encoder tells how similar two images are, over how many images, in "
        "how many tasks. Scores of different studies are different measures.",
    )
    if chosen in known:
        return known[chosen]
    with room:
        return _new_study(subject, expanded=bool(known))


def _chosen(known: dict[str, UnitStudy]) -> str:
    """Return the study that the URL names; where it names none that there is, the latest."""
    named = st.query_params.get("study", "")
    if named and named != NEW and named not in known:
        st.warning(f"There is no study {plain(named)} of this network. What is shown is another.")
    return named if named in known or named == NEW else next(iter(known), NEW)


def _on_study() -> None:
    st.query_params["study"] = st.session_state["studied"]


def _new_study(subject: Subject, *, expanded: bool) -> UnitStudy:
    with st.expander("Settings of the study", expanded=expanded):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            encoding = _choose_encoding()
            images = _whole("Images", "unit_images", IMAGES, 100, "The first of the order common to all networks.")
            at = _choose_at()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            drawing, quantile = _choose_drawing()
            explanations = _whole("K", "unit_k", EXPLANATIONS, 1, "Images a side that explain a unit in each task.")
            tasks = _whole("N", "unit_n", TASKS, 1, "Tasks a unit: two images each, which is the more activating one?")
            alpha = _number("alpha", "unit_alpha", ALPHA, "What differences of similarity are divided by, before they "
                "become a probability. The hard score needs none.")  # fmt: skip
            seed = _whole("Seed", "unit_seed", 0, 1, "Of the drawing of tasks, and of the order of ties.")
        st.caption(
            plain(f"{ENCODERS[encoding.name].note} Drawing: {DRAWINGS[drawing]}. Units of: {PLACES_IN_WORDS[at]}.")
        )
    study = UnitStudy(images, at, encoding, explanations, tasks, alpha, drawing, quantile, seed)
    return study_from_json(_resolved(study_to_json(study), subject.network.sha256, subject.available(), subject))


@st.cache_resource(ttl=_RESOLVED_SECONDS, max_entries=64, show_spinner=False)
def _resolved(study: str, network: str, available: int, _subject: Subject) -> str:
    return study_to_json(resolved_study(study_from_json(study), _subject))


def _choose_encoding() -> Encoding:
    name_unknown("encoder", "encoder", list(ENCODERS))
    name = st.selectbox(
        "Encoder",
        list(ENCODERS),
        key="encoder",
        bind="query-params",
        width=160,
        help="; ".join(plain(f"{name}: {entry.note}") for name, entry in ENCODERS.items()),
    )
    if not ENCODERS[name].needs_file:
        return Encoding(name)
    file = st.text_input(
        "File of the encoder", key="encoder_file", bind="query-params", width=280, placeholder="path of a .safetensors"
    )
    return Encoding(name, (file or "").strip())


def _choose_at() -> str:
    name_unknown("units_at", "kind of unit", list(PLACES))
    chosen = st.segmented_control(
        "Units of",
        list(PLACES),
        default=next(iter(PLACES)),
        required=True,
        key="units_at",
        bind="query-params",
        help="; ".join(f"{name}: {words}" for name, words in PLACES_IN_WORDS.items()),
    )
    return str(chosen)


def _choose_drawing() -> tuple[str, float]:
    name_unknown("drawing", "drawing", list(DRAWINGS))
    drawing = st.segmented_control(
        "Drawing",
        list(DRAWINGS),
        default=next(iter(DRAWINGS)),
        required=True,
        key="drawing",
        bind="query-params",
        help="; ".join(plain(f"{name}: {words}") for name, words in DRAWINGS.items()),
    )
    if drawing == "bins":
        return str(drawing), QUANTILE
    return str(drawing), _number("Quantile", "unit_quantile", QUANTILE, "The share of the images that is extreme.")


def _whole(label: str, key: str, value: int, step: int, note: str) -> int:
    name_no_number(key, f"number for {label}")
    found = st.number_input(label, value=value, step=step, key=key, bind="query-params", width=120, help=note)
    return value if found is None else int(found)


def _number(label: str, key: str, value: float, note: str) -> float:
    name_no_number(key, f"number for {label}")
    found = st.number_input(
        label, value=value, step=0.01, format="%.3g", key=key, bind="query-params", width=120, help=note
    )
    return value if found is None else float(found)
