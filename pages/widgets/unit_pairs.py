"""The same units in the dense and in another network, matched once for all sessions."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.families import Member
from core.units.comparison import Change, matched, mean_change
from pages.widgets.core_access import made_at
from pages.widgets.unit_scene import UnitScene

PairKey = tuple[str, str, str, int | None]


def pairs_of(scene: UnitScene, other: Member) -> pd.DataFrame:
    """Return `matched` of the dense network and another. It is shared by all sessions: not to be changed."""
    return _matched(pair_key(scene, other), scene, other)


def change_of(scene: UnitScene, other: Member, part: str, pairs: pd.DataFrame, column: str) -> Change:
    """Return the `mean_change` of a column of `pairs`, which are those of a layer or block (empty: all)."""
    return _mean_change(pair_key(scene, other), part, column, pairs)


def pair_key(scene: UnitScene, other: Member) -> PairKey:
    """Return what tells these pairs of units from others: the study, the dense run, the other one and its weights."""
    return scene.study.id, scene.dense.id, other.id, made_at(other.spec, other.id)


@st.cache_resource(max_entries=64, show_spinner=False)
def _matched(key: PairKey, _scene: UnitScene, _other: Member) -> pd.DataFrame:
    return matched(_scene.units(_scene.dense), _scene.units(_other))


@st.cache_resource(max_entries=1024, show_spinner=False)
def _mean_change(key: PairKey, part: str, column: str, _pairs: pd.DataFrame) -> Change:
    return mean_change(_pairs, column)
