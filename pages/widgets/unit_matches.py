"""The same units in the dense and in another network: what becomes of each, and of all of them together."""

from __future__ import annotations

import math

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.families import Member
from core.figures.unit_changes import changes_by_block
from core.figures.unit_matches import matched_units, unit_at
from core.figures.units import Score
from core.units.browsing import of_part
from core.units.comparison import CONSTANT, DIED, STATES, WOKE, Change, block_changes
from core.words import NOT_KNOWN
from pages.widgets.family import show
from pages.widgets.look import is_dark
from pages.widgets.unit_pairs import PairKey, change_of, pair_key, pairs_of
from pages.widgets.unit_scene import UnitScene, open_unit, unit_in_address

_CHART = "matched"
_MEAN = (
    "Over the units that are live in both networks, matched one by one. The interval is a bootstrap over the pairs, as "
    "if units were independent of each other, which those of a layer are not."
)
_CHANGES = {"hard": "hard_change", "mis": "change"}
_DOTS_OF = {
    "hard": "The score comes in steps, and dots are moved by less than half a step, lest they hide each other: hover "
    "for the score itself.",
    "mis": "Each score rests on its unit's own tasks: hover for the intervals before reading much into one dot.",
}
_DOTS, _BLOCKS = 700, 540  # pixels: side by side at 1440, one below the other at 800


def draw_matches(scene: UnitScene, part: str, score: Score) -> None:
    """Draw the dots and the numbers for a score of the units of a layer or block (empty: all)."""
    st.markdown("**The same units, dense and pruned**")
    if not scene.beside:
        st.info("Only the dense network is scored: score a pruned one above to see what becomes of each unit.")
        return
    other = _choose_other(scene)
    pairs = of_part(pairs_of(scene, other), part)
    _draw_numbers(score, pairs, change_of(scene, other, part, pairs, _CHANGES[score.column]))
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=_DOTS):
            _draw_dots(scene, other, part, pairs, score)
        with st.container(width=_BLOCKS):
            _draw_blocks(scene, other, part, pairs, score)


def _choose_other(scene: UnitScene) -> Member:
    """Draw the choice among the networks beside the dense one, if there are several; the URL holds it (`against`)."""
    offered = {member.id: member for member in scene.beside}
    if len(offered) == 1:
        return scene.beside[0]
    named = st.query_params.get("against", "")
    show("against_in", named if named in offered else next(iter(offered)))
    chosen = st.segmented_control(
        "Against", list(offered), format_func=scene.titles.__getitem__, required=True, key="against_in",
        on_change=_on_other, label_visibility="collapsed",
    )  # fmt: skip
    return offered[str(chosen)]


def _on_other() -> None:
    st.query_params["against"] = st.session_state["against_in"]


def _draw_dots(scene: UnitScene, other: Member, part: str, pairs: pd.DataFrame, score: Score) -> None:
    titles = (scene.title(member) for member in (scene.dense, other))
    base, name = (f"{title[:1].lower()}{title[1:]}" for title in titles)
    figure = _dots(pair_key(scene, other), part, score, unit_in_address(), is_dark(), base, name, pairs)
    st.plotly_chart(
        figure,
        key=_CHART,
        on_select=lambda: _open_clicked(pairs),
        selection_mode="points",
        config={"displaylogo": False},
    )
    st.caption(
        "A dot is a unit that is live in both networks; above the dashed line it gained. Click one to look into it. "
        + _DOTS_OF[score.column]
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def _dots(
    key: PairKey,
    part: str,
    score: Score,
    selected: tuple[str, int] | None,
    dark: bool,
    base: str,
    name: str,
    _pairs: pd.DataFrame,
) -> go.Figure:
    """Return the picture, kept: thousands of dots take long to write down."""
    return matched_units(_pairs, name, score, base=base, selected=selected, dark=dark)


@st.cache_resource(max_entries=64, show_spinner=False)
def _changes(key: PairKey, part: str, score: Score, technique: str, dark: bool, _pairs: pd.DataFrame) -> go.Figure:
    return changes_by_block(block_changes(_pairs, _CHANGES[score.column]), score.title, technique, dark=dark)


def _draw_blocks(scene: UnitScene, other: Member, part: str, pairs: pd.DataFrame, score: Score) -> None:
    technique = "" if other.spec.pruning.dense else other.spec.pruning.technique
    figure = _changes(pair_key(scene, other), part, score, technique, is_dark(), pairs)
    st.plotly_chart(figure, key="changes", config={"displayModeBar": False})
    st.caption("The change of the same units, block by block in the order of the network.")


def _open_clicked(pairs: pd.DataFrame) -> None:
    points = st.session_state[_CHART]["selection"]["points"]
    unit = unit_at(pairs, points[0]["curve_number"], points[0]["point_index"]) if points else None
    if unit is not None:
        open_unit(*unit)


def _draw_numbers(score: Score, pairs: pd.DataFrame, change: Change) -> None:
    states = pairs["state"].value_counts()
    with st.container(horizontal=True, gap="medium"):
        _metric("Live in both", f"{change.units:,}", "Units that fire differently on different images in both.")
        st.metric(
            f"Mean change of {score.title}",
            _signed(change.mean),
            f"{_signed(change.low)} to {_signed(change.high)} (95 %)",
            delta_color="off",
            delta_arrow="off",
            help=_MEAN,
            width="content",
        )
        for title, state in (("Died", DIED), ("Woke", WOKE), ("Constant in both", CONSTANT)):
            _metric(title, f"{states.get(state, 0):,}", f"Units that are {STATES[state]}.")


def _metric(title: str, value: str, note: str) -> None:
    st.metric(title, value, help=note, width="content")


def _signed(number: float) -> str:
    return NOT_KNOWN if math.isnan(number) else f"{number:+.4f}".replace("-", "−")
