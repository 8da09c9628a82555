"""One unit in several networks: what drives it, how that changes, and its tasks to be played."""

from __future__ import annotations

import streamlit as st

from core.layer_names import HEAD
from core.units.places import unit_name
from core.words import listed
from pages.widgets.address import name_unknown
from pages.widgets.errors import plain
from pages.widgets.unit_choice import choose_unit, width_of
from pages.widgets.unit_exemplars import draw_exemplars
from pages.widgets.unit_numbers import draw_numbers
from pages.widgets.unit_scene import UnitScene
from pages.widgets.unit_tasks import draw_tasks
from pages.widgets.unit_views import row_of
from pages.widgets.visualised import draw_visualised

LOOK, PLAY = "Look", "Play"


def draw_unit(scene: UnitScene) -> None:
    """Draw the unit that the URL names, in the networks of the scene."""
    if not len(scene.raw(scene.dense)):
        st.warning("What was kept of the dense network's units is damaged: score it again.")
        return
    place, unit = choose_unit(scene, by_arrows=st.session_state.get("view", st.query_params.get("view")) != PLAY)
    st.markdown(f"**{plain(unit_name(place, unit))}**: {plain(_in_words(scene, place, unit))}")
    if _choose_view() == PLAY:
        draw_tasks(scene, place, unit)
        return
    st.markdown(plain(_standing(scene, place, unit)))
    draw_exemplars(scene, place, unit)
    draw_visualised(scene, place, unit)
    draw_numbers(scene, place, unit)


def _choose_view() -> str:
    name_unknown("view", "view of a unit", (LOOK, PLAY))
    return str(
        st.segmented_control(
            "View", (LOOK, PLAY), default=LOOK, required=True, key="view", bind="query-params",
            label_visibility="collapsed",
            help="Look: its images, activations, classes and scores. Play: the tasks that it was scored by, without "
            "anything that gives the answers away.",
        )
    )  # fmt: skip


def _in_words(scene: UnitScene, place: str, unit: int) -> str:
    """Return what the unit is."""
    width = width_of(scene, place)
    if place == HEAD:
        return f"the logit of the class {scene.classes[unit]}, one of {width:,}. Its activation is the logit itself."
    what = "the convolution, before its ReLU" if scene.study.at == "layers" else "the block, after its ReLUs"
    return (
        f"output channel {unit:,} of the {width:,} of {what}. Its activation on an image is the mean over the "
        "channel's positions."
    )


def _standing(scene: UnitScene, place: str, unit: int) -> str:
    """Return in which networks the unit is live, and in which it is not."""
    rows = {member: row_of(scene, member, place, unit) for member in scene.members}
    live = [scene.title(member) for member, row in rows.items() if row is not None and not row["constant"]]
    constant = [scene.title(member) for member, row in rows.items() if row is not None and row["constant"]]
    said = [f"live in {listed(live)}" if live else "", f"constant in {listed(constant)}" if constant else ""]
    return f"It is {listed([part for part in said if part])}."
