"""What one unit does over all images, and what it scores over the rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.families import Member
from core.figures.unit_history import score_history
from core.figures.unit_spread import Favours, Spread, activation_spread, class_bars, favoured_classes
from core.interpretability.units.activity import Activity
from core.units.comparison import score_columns
from core.units.places import unit_name
from core.units.results import SHOWN
from core.words import count, listed
from pages.widgets.errors import plain
from pages.widgets.look import is_dark
from pages.widgets.tables import folded_table
from pages.widgets.unit_activity import activity_of, offer_activity
from pages.widgets.unit_facts import technique_of
from pages.widgets.unit_scene import UnitScene
from pages.widgets.unit_views import row_of

_HALF = 600  # pixels: two side by side at 1440, one under the other at 800
_BARE = {"displayModeBar": False}
_HISTORY = ["id", "title", "series", "rate", "constant", "hard", "mis", "mis_low", "mis_high"]


def draw_numbers(scene: UnitScene, place: str, unit: int) -> None:
    """Draw the distribution of the activations, the class means and the history of the score."""
    known = {one.id: found for one in scene.members if (found := activity_of(scene, one)) is not None}
    missing = [one for one in scene.members if one.id not in known]
    if missing:
        offer_activity(scene, missing)
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=_HALF, gap="xsmall"):
            st.markdown("**Activations**")
            _draw_spread(scene, known, place, unit)
        with st.container(width=_HALF, gap="xsmall"):
            st.markdown(f"**{plain(scene.study.score)} over the rates**")
            _draw_history(scene, place, unit)
    st.markdown("**Classes it favours**")
    _draw_classes(scene, known, place, unit)


def history_table(scene: UnitScene, place: str, unit: int) -> pd.DataFrame:
    """Return a row for each network that the study scored, with the score of one unit in it."""
    rows = [_history_row(scene, member, row_of(scene, member, place, unit)) for member in scene.scored.values()]
    return pd.DataFrame([row for row in rows if row], columns=_HISTORY)


def _history_row(scene: UnitScene, member: Member, row: np.void | None) -> dict[str, object]:
    if row is None:
        return {}
    known = {"id": member.id, "title": scene.title(member), "series": member.series, "rate": member.rate}
    return known | {name: row[name].item() for name in _HISTORY[4:]}


def _draw_history(scene: UnitScene, place: str, unit: int) -> None:
    table, chosen = history_table(scene, place, unit), [member.id for member in scene.members]
    figure = score_history(table, scene.study.score, chosen, dark=is_dark())
    st.plotly_chart(figure, key="unit history", config=_BARE, theme=None)
    st.caption(
        "Bars: 95 % over the tasks, the images as they are. Crosses: constant there, so without a score. Dotted: "
        "chance. Rings: the networks that stand above."
    )
    names = score_columns(scene.study)
    raw = table.drop(columns="series").rename(columns={"title": "network"} | names)
    shown = raw.drop(columns="id").sort_values(["network", "rate"])
    formats = {names[column]: "%.3f" for column in ("hard", "mis", "mis_low", "mis_high")} | {"rate": "%.2f"}
    name = f"unit-{scene.study.encoding.name}-{unit_name(place, unit).replace(' ', '-')}"
    folded_table(f"Table of {count(len(shown), 'network')}", shown, raw, name, formats)


def _draw_spread(scene: UnitScene, known: dict[str, Activity], place: str, unit: int) -> None:
    spreads = [_spread(scene, one, known[one.id], (place, unit)) for one in scene.members if one.id in known]
    if not spreads:
        st.caption("How its activations spread takes what every image does to it, which is not on this machine.")
        return
    st.plotly_chart(activation_spread(spreads, dark=is_dark()), key="unit spread", config=_BARE, theme=None)
    sample = max(len(one.sample) for one in spreads)
    st.caption(
        f"Histogram of the first {count(sample, 'image')}, each as high as its fullest bin; triangle: the mean of all "
        f"{count(scene.study.images, 'image')}; ticks: the {SHOWN} most and the {SHOWN} least activating."
    )


def _spread(scene: UnitScene, member: Member, activity: Activity, chosen: tuple[str, int]) -> Spread:
    at = activity.units_of(chosen[0]).start + chosen[1]
    return Spread(
        title=scene.title(member),
        technique=technique_of(member),
        sample=activity.sample[at],
        top=activity.top_values[at, :SHOWN],
        bottom=activity.bottom_values[at, :SHOWN],
        mean=float(activity.mean[at]),
        constant=bool(activity.constant[at]),
    )


def _draw_classes(scene: UnitScene, known: dict[str, Activity], place: str, unit: int) -> None:
    live = [one for one in scene.members if one.id in known and not _is_constant(known[one.id], place, unit)]
    if not live:
        _name_classes(scene, place, unit)
        return
    favours = [_favours(scene, one, known[one.id], (place, unit)) for one in live]
    labels = favoured_classes(favours)
    figure = class_bars(favours, labels, scene.classes, dark=is_dark())
    st.plotly_chart(figure, key="unit classes", config=_BARE, theme=None)
    st.caption(
        "How far its mean on the images of a class lies from its mean on all, in standard deviations over the images: "
        "the five classes that each network's unit favours most, in the order of the first."
    )


def _name_classes(scene: UnitScene, place: str, unit: int) -> None:
    """Name the classes that are kept with the scores, where no more is known."""
    for member in scene.members:
        row = row_of(scene, member, place, unit)
        if row is not None and not row["constant"]:
            names = listed([scene.classes[label] for label in row["classes"].tolist() if label >= 0])
            st.caption(plain(f"{scene.title(member)}: {names}"))


def _is_constant(activity: Activity, place: str, unit: int) -> bool:
    return bool(activity.constant[activity.units_of(place).start + unit])


def _favours(scene: UnitScene, member: Member, activity: Activity, chosen: tuple[str, int]) -> Favours:
    at = activity.units_of(chosen[0]).start + chosen[1]
    means = activity.class_means[at].astype(np.float64)
    deviation = float(np.sqrt(activity.variance[at]))
    return Favours(scene.title(member), technique_of(member), means, (means - activity.mean[at]) / deviation)
