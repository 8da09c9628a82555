"""All units at once: how the score is distributed in each network, what becomes of each unit, what goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.figures.unit_networks import ACROSS, score_against
from core.figures.unit_parts import median_map
from core.figures.unit_scales import ScoreScale, score_text
from core.figures.units import Score, network_name, score_violins
from core.units.browsing import of_part
from core.units.comparison import correlation, hard_name, medians, network_table, yardstick
from core.units.results import randomised_figures, study_figures
from core.words import count
from pages.widgets.address import name_unknown
from pages.widgets.core_access import store
from pages.widgets.errors import plain
from pages.widgets.look import is_dark
from pages.widgets.tables import folded_table
from pages.widgets.unit_matches import draw_matches
from pages.widgets.unit_parts import choose_part
from pages.widgets.unit_scene import UnitScene

VIOLINS, BY_BLOCK, BY_LAYER = "All networks", "Median by block", "Median by layer"
_PARTS = {BY_BLOCK: "blocks", BY_LAYER: "layers"}
_SCORES = {"MIS": "mis", "Hard score": "hard"}
_SCORES_HELP = (
    "MIS: the mean probability, over the tasks, of telling the more activating of two images. Hard score: the share "
    "of the tasks that are decided correctly; it needs no alpha."
)
_SHAPES = (
    "Each shape is the distribution over the live units of a network, under it its rate: the bar is the median, the "
    "diamond the mean with its 95 % interval. Pale: retrained or re-calibrated."
)
_DOTTED = (
    " Dotted: the mean of the dense network with fresh random weights, which has learnt nothing; who guesses scores "
    "0.5."
)
_LITERATURE = (
    "Published scores draw the images from the training set; here they are the images of the run, on which accuracy is "
    "measured. Constant units, which never change over the images, have no score: they are counted apart and are in "
    "no mean."
)
_CAVEAT = (
    "Descriptive only: these are few networks, all made from one dense network, so that none is independent of the "
    "others and no test of significance holds."
)


@dataclass(frozen=True, eq=False)
class _View:
    """What the controls ask for, and the figures of the networks for it."""

    scene: UnitScene
    picture: str
    part: str  # a layer or a block; empty: all units
    score: Score
    figures: Mapping[str, Mapping[str, Any]]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a network."""
        return network_table(self.scene.scored.values(), self.figures, self.part)

    @cached_property
    def randomised(self) -> float | None:
        """What the dense network scores with fresh random weights; None if that is not known."""
        found = randomised_figures(store(), self.scene.study, self.scene.dense.id)
        return yardstick(found, self.score.column, self.part)


def draw_overview(scene: UnitScene) -> None:
    """Draw the three views, one below the other."""
    view = _choose(scene)
    _distributions(view)
    draw_matches(scene, view.part, odds=view.score.scale.odds)
    _against(view)


def _choose(scene: UnitScene) -> _View:
    pictures = [VIOLINS, BY_BLOCK, *([BY_LAYER] if scene.study.at == "layers" else [])]
    name_unknown("picture", "picture", pictures)
    name_unknown("score_of", "score", list(_SCORES))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        picture = st.segmented_control(
            "Distribution", pictures, default=VIOLINS, required=True, key="picture", bind="query-params"
        )
        part = choose_part(scene, "units_of")
        kind = st.segmented_control(
            "Score", list(_SCORES), default="MIS", required=True, key="score_of", bind="query-params",
            help=_SCORES_HELP,
        )  # fmt: skip
        odds = st.toggle(
            "Log-odds scale", value=True, key="odds", bind="query-params",
            help="Most units score close to 1: their log-odds tell them apart.",
        )  # fmt: skip
    title = scene.study.score if kind == "MIS" else hard_name(scene.study)
    figures = study_figures(store(), scene.study, scene.family.network_sha, scene.family.data_sha)
    return _View(scene, str(picture), part, Score(_SCORES[str(kind)], title, ScoreScale(odds)), figures)


def _distributions(view: _View) -> None:
    figure = _violins(view) if view.picture == VIOLINS else _medians(view)
    st.plotly_chart(figure, key=f"distribution {view.picture}", config={"displayModeBar": False})
    if view.picture == VIOLINS:
        st.caption(_SHAPES + (_DOTTED if view.randomised is not None else ""))
    _table(view)
    st.caption(_LITERATURE)


def _violins(view: _View) -> go.Figure:
    scene = view.scene
    units = {run: of_part(scene.units(one), view.part) for run, one in scene.scored.items()}
    return score_violins(view.table, units, view.score, view.randomised, dark=is_dark())


def _medians(view: _View) -> go.Figure:
    parts = _PARTS[view.picture]
    counts = {
        run: {name: (one["live"], one["units"]) for name, one in found[parts].items()}
        for run, found in view.figures.items()
    }
    middles = medians(view.scene.scored.values(), view.figures, parts)
    odds, title = view.score.scale.odds, view.scene.study.score
    return median_map(middles, view.table, counts, title, odds=odds, dark=is_dark())


def _table(view: _View) -> None:
    """Draw the numbers of each network, folded, the hard score first."""
    table, score, hard = view.table, view.scene.study.score, hard_name(view.scene.study)
    names = {
        "rate": "rate", "top1": "top-1", "sparsity": "sparsity", "live": "live", "constant": "constant", "hard": hard,
        "mis": score, "mis_low": "low", "mis_high": "high", "median": "median",
    }  # fmt: skip
    shown = table[list(names)].rename(columns=names)
    shown.insert(0, "network", [network_name(row) for row in table.to_dict("records")])
    formats = dict.fromkeys(("top-1", "sparsity", hard, score, "low", "high", "median"), "%.3f") | {"rate": "%.2f"}
    of = f", units of {view.part}" if view.part else ""
    file = f"units-{view.scene.study.encoding.name}-networks"
    folded_table(f"Table of {count(len(table), 'network')}{of}", shown, shown, file, formats)


def _against(view: _View) -> None:
    st.markdown("**Score against rate and accuracy**")
    table, score = view.table, view.score
    st.plotly_chart(
        score_against(table, score, dark=is_dark()),
        key="score_against",
        config={"displayModeBar": False},
    )
    beside = "" if view.randomised is None else f" For scale: a randomised network scores {view.randomised:.3f}."
    said = [_correlation(table, score.column, across) for across in ACROSS]
    st.caption(plain(f"Mean {score.title} over {count(len(table), 'network')}: {'; '.join(said)}. {_CAVEAT}{beside}"))


def _correlation(table: pd.DataFrame, column: str, across: str) -> str:
    found = correlation(table, column, across)
    words = {"rate": "the rate", "top1": "top-1"}[across]
    numbers = f"Pearson r = {score_text(found.pearson)}, Spearman ρ = {score_text(found.spearman)}".replace("-", "−")
    return f"with {words} {numbers} (n = {found.networks})"
