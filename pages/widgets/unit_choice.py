"""Which unit: its block, its layer, its number.

The URL holds it (`layer`, `unit`); the widgets only show and change it.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.figures.sensitivity import layer_label
from core.units.places import block_of
from core.units.results import Units
from pages.widgets.address import name_outside, name_unknown
from pages.widgets.family import show
from pages.widgets.unit_scene import UnitScene, unit_in_address


def choose_unit(scene: UnitScene, *, by_arrows: bool) -> tuple[str, int]:
    """Draw the choice of a unit and return its place and its number there; the arrow keys may change it."""
    units = scene.raw(scene.dense)
    place, unit = _from_address(scene, units)
    _go(place, unit)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _choose_place(scene, place)
        _choose_number(width_of(scene, place), place, unit)
        _steps(scene, units, (place, unit), ("Left", "Right") if by_arrows else (None, None))
    return place, unit


def width_of(scene: UnitScene, place: str) -> int:
    """Return how many units a place has."""
    return int((scene.raw(scene.dense)["place"] == scene.study.places.index(place)).sum())


def _from_address(scene: UnitScene, units: Units) -> tuple[str, int]:
    """Return the unit that the URL names; where it names none that there is, the dense network's best scored one."""
    places = scene.study.places
    name_unknown("layer", "layer", places)
    place = st.query_params.get("layer")
    if place not in places:
        return _best(scene, units)
    width, named = width_of(scene, place), unit_in_address()
    name_outside("unit", "Unit", 0, width - 1, int)
    return place, named[1] if named and named[1] < width else 0


def _best(scene: UnitScene, units: Units) -> tuple[str, int]:
    row = units[np.nanargmax(units["mis"])] if np.isfinite(units["mis"]).any() else units[0]
    return scene.study.places[row["place"]], int(row["unit"])


def _choose_place(scene: UnitScene, place: str) -> None:
    blocks = list(dict.fromkeys(map(block_of, scene.study.places)))
    layers = [one for one in scene.study.places if block_of(one) == block_of(place)]
    show("unit_block", block_of(place))
    show("unit_layer", place)
    st.selectbox("Block", blocks, key="unit_block", width=150, on_change=_on_block, args=(scene.study.places,))
    st.selectbox(
        "Layer", layers, format_func=layer_label, key="unit_layer", width=150, on_change=_on_layer,
        disabled=len(layers) == 1,
    )  # fmt: skip


def _choose_number(width: int, place: str, unit: int) -> None:
    show("unit_number", unit)
    st.number_input(
        "Unit", 0, width - 1, step=1, key="unit_number", width=130, on_change=_on_number, args=(place,),
        help=f"One of the {width:,} output channels, counted from 0.",
    )  # fmt: skip


def _steps(scene: UnitScene, units: Units, chosen: tuple[str, int], keys: tuple[str | None, str | None]) -> None:
    (place, unit), last = chosen, width_of(scene, chosen[0]) - 1
    for label, to, key in (("Previous", unit - 1, keys[0]), ("Next", unit + 1, keys[1])):
        st.button(
            label, key=f"unit_{label.lower()}", on_click=_go, args=(place, to), disabled=not 0 <= to <= last,
            shortcut=key,
        )  # fmt: skip
    st.button(
        "Random live unit", key="unit_random", on_click=_go_anywhere, args=(scene.study.places, units),
        disabled=bool(units["constant"].all()), help="Any unit of any layer that is live in the dense network.",
    )  # fmt: skip


def _go(place: str, unit: int) -> None:
    st.query_params["layer"], st.query_params["unit"] = place, str(unit)


def _go_anywhere(places: tuple[str, ...], units: Units) -> None:
    row = np.random.default_rng().choice(units[~units["constant"]])
    _go(places[row["place"]], int(row["unit"]))


def _on_block(places: tuple[str, ...]) -> None:
    block = st.session_state["unit_block"]
    _go(next(place for place in places if block_of(place) == block), 0)


def _on_layer() -> None:
    _go(st.session_state["unit_layer"], 0)


def _on_number(place: str) -> None:
    _go(place, int(st.session_state["unit_number"]))
