"""What every network is asked alike: a method, the class that the maps are about, and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.interpretability.attribution.registry import METHODS
from core.interpretability.question import TARGETS, Question

_FIRST = "Grad-CAM"


@dataclass(frozen=True)
class Look:
    """How strongly the maps are laid over the picture (0..1), and whether the target's outline is drawn."""

    opacity: float
    outline: bool


def choose_question() -> Question:
    """Draw the choice of method and target."""
    methods = {method.title: method for method in METHODS.values()}
    title = st.selectbox(
        "Method",
        list(methods),
        index=list(methods).index(_FIRST),
        key="method",
        bind="query-params",
        help="How it is computed how much each pixel counts.",
        width=210,
    )
    targets = {target.title: name for name, target in TARGETS.items()}
    target = st.segmented_control(
        "Maps are about the",
        list(targets),
        default=next(iter(targets)),
        required=True,
        key="target",
        bind="query-params",
        help="Whose logit the pixels count for. "
        + "; ".join(f"{target.title}: {target.meaning}" for target in TARGETS.values()),
    )
    return Question(methods[title].name, targets[str(target)])


def choose_look(has_outline: bool) -> Look:
    """Draw the choice of the overlay's look; the outline can be had where the source knows the target's pixels."""
    opacity = st.slider(
        "Opacity",
        0.0,
        1.0,
        0.5,
        0.05,
        key="opacity",
        bind="query-params",
        help="0 is the picture; up to 0.5 the picture keeps its light and shade; 1 is the plain map.",
        width=190,
    )
    outline = st.toggle(
        "Outline",
        key="outline",
        bind="query-params",
        disabled=not has_outline,
        help="Draw the outline of the target object. Only the generated scenes know it.",
    )
    return Look(opacity, outline)
