"""How the pictures of a unit are made; the URL holds it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.layer_names import HEAD
from core.visualisation import (
    LEAST_SIZE,
    LEAST_STEPS,
    MOST_DIVERSE,
    MOST_SEED,
    MOST_SIZE,
    MOST_STEPS,
    OBJECTIVES,
    SIZE,
    STEPS,
    TRANSFORMS,
    Visualisation,
)
from pages.widgets.address import name_outside, name_unknown
from pages.widgets.errors import plain

_UP = "Up"
_SIGNS = {_UP: 1, "Down": -1}


def choose_visualisation(place: str, unit: int) -> Visualisation:
    """Draw the choice of the direction, and folded all other settings; return what is asked of the unit."""
    name_unknown("drive", "direction", list(_SIGNS))
    sign = st.segmented_control(
        "Drive it",
        list(_SIGNS),
        default=_UP,
        required=True,
        key="drive",
        bind="query-params",
        help="Up: the picture that activates the unit most. Down: the one that activates it least.",
    )
    with st.expander("How the pictures are made"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            objective = _choose_objective(place)
            transforms = _choose("Transforms", "vis_transforms", TRANSFORMS)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            steps = _number("Steps", "vis_steps", (LEAST_STEPS, STEPS, MOST_STEPS), "Of the optimisation (Adam).")
            size = _number("Pixels a side", "vis_size", (LEAST_SIZE, SIZE, MOST_SIZE), "Networks take any size.")
            diversity = _number(
                "Pictures", "vis_diversity", (1, 1, MOST_DIVERSE),
                "Several at once are driven to be unlike each other: a unit may respond to more than one thing.",
            )  # fmt: skip
            seed = _number("Seed", "vis_seed", (0, 0, MOST_SEED), "Of the noise that every network begins from.")
    return Visualisation(place, unit, objective, _SIGNS[str(sign)], steps, size, transforms, diversity, seed)


def _choose_objective(place: str) -> str:
    """Return what is driven; a logit has one value only."""
    return "channel" if place == HEAD else _choose("What is driven", "vis_objective", OBJECTIVES)


def _choose(label: str, key: str, options: Mapping[str, str]) -> str:
    name_unknown(key, label.lower(), list(options))
    return str(
        st.segmented_control(
            label,
            list(options),
            default=next(iter(options)),
            required=True,
            key=key,
            bind="query-params",
            help="; ".join(plain(f"{name}: {what}") for name, what in options.items()),
        )
    )


def _number(label: str, key: str, limits: tuple[int, int, int], note: str) -> int:
    """Draw a field of whole numbers with its least, its default and its most value."""
    least, default, most = limits
    name_outside(key, label, least, most, int)
    found = st.number_input(
        label, least, most, default, key=key, bind="query-params", width=130, help=f"{note} {least:,} to {most:,}."
    )
    return default if found is None else int(found)
