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
from core.figures.unit_scales import ScoreScale, hard_scale, score_text
from core.figures.units import INTERVAL, Score, network_name, score_violins
from core.units.browsing import of_part
from core.units.comparison import correlation, hard_name, medians, network_table, score_columns, yardstick
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
_SCORES = {"Hard score": "hard", "MIS": "mis"}
_SCORES_HELP = (
    "Hard score: the share of the tasks in which the more activating of two images is told; it needs no alpha. MIS: "
    "the mean probability of telling it."
)
_SHAPES = (
    "Each shape is the distribution over the live units of a network, under it its rate: the bar is the median, the "
    "diamond the mean{}. Pale: retrained or re-calibrated."
)
_MEANS = {"hard": "", "mis": f" with its interval ({INTERVAL})"}
_DOTTED = (
    " Dotted: the mean of the dense network with fresh random weights, which has learnt nothing; who guesses scores "
    "0.5."
)
_LITERATURE = (
    "Other images move a score more than the interval over the tasks says, and scores over different numbers of images "
    "do not compare. "
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
    draw_matches(scene, view.part, view.score)
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
        score = _choose_score(scene)
    figures = study_figures(store(), scene.study, scene.family.network_sha, scene.family.data_sha)
    return _View(scene, str(picture), part, score, figures)


def _choose_score(scene: UnitScene) -> Score:
    """Draw the choice of a score and of its axis; the one of the hard score, which comes in steps, is even at first."""
    kind = st.segmented_control(
        "Score", list(_SCORES), default=next(iter(_SCORES)), required=True, key="score_of", bind="query-params",
        help=_SCORES_HELP,
    )  # fmt: skip
    hard = _SCORES[str(kind)] == "hard"
    odds = st.toggle(
        "Log-odds scale", value=not hard, key="hard_odds" if hard else "odds", bind="query-params",
        help="Most units score close to 1: their log-odds tell them apart.",
    )  # fmt: skip
    if hard:
        return Score("hard", hard_name(scene.study), hard_scale(scene.study.tasks, odds=odds))
    return Score("mis", scene.study.score, ScoreScale(odds))


def _distributions(view: _View) -> None:
    figure = _violins(view) if view.picture == VIOLINS else _medians(view)
    st.plotly_chart(figure, key=f"distribution {view.picture}", config={"displayModeBar": False})
    if view.picture == VIOLINS:
        st.caption(_SHAPES.format(_MEANS[view.score.column]) + (_DOTTED if view.randomised is not None else ""))
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
    units = {run: view.scene.units(one) for run, one in view.scene.scored.items()}
    middles = medians(units, parts.removesuffix("s"), view.score.column)
    return median_map(middles, view.table, counts, view.score, dark=is_dark())


def _table(view: _View) -> None:
    """Draw the numbers of each network, folded, the hard score first."""
    table, scores = view.table, score_columns(view.scene.study)
    names = {name: name for name in ("rate", "top1", "sparsity", "live", "constant")} | {"top1": "top-1"} | scores
    shown = table[list(names)].rename(columns=names)
    shown.insert(0, "network", [network_name(row) for row in table.to_dict("records")])
    formats = dict.fromkeys(("top-1", "sparsity", *scores.values()), "%.3f") | {"rate": "%.2f"}
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
    bars = f"Bars: {INTERVAL}. " if score.column == "mis" else ""
    said = [_correlation(table, score.column, across) for across in ACROSS]
    st.caption(
        plain(f"Mean {score.title} over {count(len(table), 'network')}: {'; '.join(said)}. {bars}{_CAVEAT}{beside}")
    )


def _correlation(table: pd.DataFrame, column: str, across: str) -> str:
    found = correlation(table, column, across)
    words = {"rate": "the rate", "top1": "top-1"}[across]
    numbers = f"Pearson r = {score_text(found.pearson)}, Spearman ρ = {score_text(found.spearman)}".replace("-", "−")
    return f"with {words} {numbers} (n = {found.networks})"
