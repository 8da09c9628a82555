"""The same units in the dense and in another network: what becomes of each, and of all of them together."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.families import Member
from core.figures.unit_matches import matched_units, unit_at
from core.units.browsing import of_part
from core.units.comparison import CONSTANT, DIED, STATES, WOKE, Change
from pages.widgets.family import show
from pages.widgets.look import is_dark
from pages.widgets.unit_pairs import change_of, pairs_of
from pages.widgets.unit_scene import UnitScene, open_unit, unit_in_address

_CHART = "matched"
_NUMBERS = 300  # pixels


def draw_matches(scene: UnitScene, part: str, *, odds: bool) -> None:
    """Draw the dots and the numbers for the units of a layer or block (empty: all)."""
    st.markdown("**The same units, dense and pruned**")
    if not scene.beside:
        st.info("Only the dense network is scored: score a pruned one above to see what becomes of each unit.")
        return
    other = _choose_other(scene)
    pairs = of_part(pairs_of(scene, other), part)
    with st.container(horizontal=True, gap="medium"):
        with st.container(width="stretch"):
            _draw_dots(scene, other, pairs, odds)
        with st.container(width=_NUMBERS, border=True):
            _draw_numbers(scene, pairs, change_of(scene, other, part, pairs))


def _choose_other(scene: UnitScene) -> Member:
    """Draw the choice among the networks beside the dense one, if there are several."""
    titles = {member.title: member for member in scene.beside}
    if len(titles) == 1:
        return scene.beside[0]
    if st.session_state.get("against") not in titles:
        show("against", next(iter(titles)))
    title = st.segmented_control(
        "Against", list(titles), required=True, key="against", bind="query-params", label_visibility="collapsed"
    )
    return titles[str(title)]


def _draw_dots(scene: UnitScene, other: Member, pairs: pd.DataFrame, odds: bool) -> None:
    figure = matched_units(
        pairs, other.title.lower(), scene.study.score, odds=odds, selected=unit_in_address(), dark=is_dark()
    )
    st.plotly_chart(
        figure,
        key=_CHART,
        on_select=lambda: _open_clicked(pairs),
        selection_mode="points",
        config={"displaylogo": False},
    )
    st.caption(
        "A dot is a unit that is live in both networks; above the dashed line it gained. Click one to look into it. "
        "Each score rests on its unit's own tasks: hover for the intervals before reading much into one dot."
    )


def _open_clicked(pairs: pd.DataFrame) -> None:
    points = st.session_state[_CHART]["selection"]["points"]
    unit = unit_at(pairs, points[0]["curve_number"], points[0]["point_index"]) if points else None
    if unit is not None:
        open_unit(*unit)


def _draw_numbers(scene: UnitScene, pairs: pd.DataFrame, change: Change) -> None:
    st.metric("Live in both", f"{change.units:,}", help="Units that fire differently on different images in both.")
    st.metric(
        f"Mean change of {scene.study.score}",
        _signed(change.mean),
        f"{_signed(change.low)} to {_signed(change.high)} (95 %)",
        delta_color="off",
        delta_arrow="off",
        help="Over the units that are live in both networks, matched one by one. The interval is a bootstrap over the "
        "pairs, as if units were independent of each other, which those of a layer are not.",
    )
    states = pairs["state"].value_counts()
    for title, state in (("Died", DIED), ("Woke", WOKE), ("Constant in both", CONSTANT)):
        st.metric(title, f"{states.get(state, 0):,}", help=f"Units that are {STATES[state]}.")


def _signed(number: float) -> str:
    return f"{number:+.4f}".replace("-", "−")
