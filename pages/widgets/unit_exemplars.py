"""The images that drive a unit most and least, one tile a network, with its map where it fired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from core.errors import PrunescopeError
from core.families import Member
from core.figures.unit_pictures import ActivationScale, activation_bar, activation_scale, fired, picture_grid
from core.layer_names import HEAD
from core.units.results import SHOWN
from core.words import count
from pages.widgets.address import name_outside, name_unknown
from pages.widgets.core_access import executor, is_here, keep_workers
from pages.widgets.elsewhere import offer_retraining
from pages.widgets.errors import plain, shown_errors
from pages.widgets.kept import Kept
from pages.widgets.look import is_dark
from pages.widgets.unit_activity import activity_of
from pages.widgets.unit_facts import explained, facts_of, value
from pages.widgets.unit_refused import offer_again
from pages.widgets.unit_scene import UnitScene
from pages.widgets.unit_views import Fired, Maps, Pixels, can_be_shown, classes_of, labels_of, pixels_of, row_of
from pages.widgets.work import answers

_MEAN, _ZERO = "its mean", "zero"
_COLUMNS = 3
_WIDTHS = {1: 318, 2: 318, 3: 318, 4: 300}  # pixels of a tile, by how many stand side by side
_SCALE = 420  # pixels
_FIGURES = 256  # at 120 kB each
_BARE = {"displayModeBar": False}
_SIDES = {"top": "Most activating", "bottom": "Least activating"}
_CLICKED = "unit image clicked"


@dataclass(frozen=True, eq=False)
class Seen:
    """A unit in one network: what is kept of it, and where it fires in its exemplars."""

    member: Member
    row: Any  # of UNIT; None: damaged
    maps: Maps | PrunescopeError | None  # (2 x SHOWN, h', w') for top, then bottom; None: not asked, or stopped

    @property
    def live(self) -> bool:
        """Whether there is something to see."""
        return self.row is not None and not self.row["constant"]


@dataclass(frozen=True)
class Laid:
    """How the maps are laid over the images."""

    opacity: float  # 0: they are not shown
    centred: bool  # whether they are counted from the unit's mean in each network
    scale: ActivationScale | None = None  # None: there is no map


def draw_exemplars(scene: UnitScene, place: str, unit: int) -> None:
    """Draw a tile for each network; of those in which the unit is constant, a word."""
    if not can_be_shown(scene.subject):
        offer_packing(scene)
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        laid = _choose_laid(scene, place)
        bar = st.container(width=_SCALE)
    seen = _look(scene, place, unit, st.empty())
    laid = replace(laid, scale=activation_scale([maps for one in seen if (maps := _counted(one, laid)) is not None]))
    with bar:
        _draw_scale(scene, laid)
    with st.container(horizontal=True, gap="small"):
        for one in seen:
            with st.container(width=_WIDTHS[len(seen)], gap="xsmall"):
                _draw_tile(scene, one, (place, unit), laid)
    _open_clicked(scene)


def _choose_laid(scene: UnitScene, place: str) -> Laid:
    """Draw the controls of the maps; of a logit, which is at no position, say that there are none."""
    if place == HEAD:
        st.caption("A logit is one number an image: it fires at no position.")
        return Laid(0.0, centred=False)
    name_outside("over", "Opacity", 0, 1)
    name_unknown("colours", "colour scale", (_MEAN, _ZERO))
    shown = st.toggle(
        "Where it fired", True, key="fired", bind="query-params",
        help="The unit's activation at each position, laid over the image.",
    )  # fmt: skip
    opacity = st.slider(
        "Opacity", 0.0, 1.0, 0.5, 0.05, key="over", bind="query-params", disabled=not shown, width=170,
        help="0 is the picture; up to 0.5 the picture keeps its light and shade; 1 is the plain map.",
    )  # fmt: skip
    return Laid(opacity if shown else 0.0, _choose_centre(scene, disabled=not shown))


def _choose_centre(scene: UnitScene, *, disabled: bool) -> bool:
    centre = st.segmented_control(
        "Counted from", (_MEAN, _ZERO), default=_MEAN if scene.study.at == "layers" else _ZERO, required=True,
        key="colours", bind="query-params", disabled=disabled,
        help="One colour scale for all networks. From its mean over the images, in each network its own: above it the "
        "unit responds more than it usually does, which is what a batch norm passes on. From zero: the activation as "
        "it is.",
    )  # fmt: skip
    return centre == _MEAN


def _counted(seen: Seen, laid: Laid) -> Maps | None:
    """Return a network's maps as they are coloured, None if there are none."""
    if not isinstance(seen.maps, np.ndarray):
        return None
    return seen.maps - seen.row["mean"] if laid.centred else seen.maps


def _look(scene: UnitScene, place: str, unit: int, room: DeltaGenerator) -> list[Seen]:
    """Ask each network in which the unit is live where it fires; `room` has the bar where that takes long."""
    rows = [row_of(scene, member, place, unit) for member in scene.members]
    asks = [
        Fired(scene, member, place, unit, (*row["top"].tolist(), *row["bottom"].tolist()))
        for member, row in zip(scene.members, rows, strict=True)
        if row is not None and not row["constant"] and is_here(member.spec, member.id)
    ]
    found = {ask.member.id: answer for ask, answer in zip(asks, answers(asks, room, "unit maps"), strict=True)}
    return [Seen(member, row, found.get(member.id)) for member, row in zip(scene.members, rows, strict=True)]


def _draw_scale(scene: UnitScene, laid: Laid) -> None:
    if laid.scale is None or not laid.opacity:
        return
    unit = "activation before the ReLU" if scene.study.at == "layers" else "activation"
    bar = activation_bar(laid.scale, dark=is_dark(), unit=unit, centre="its mean" if laid.centred else "")
    st.plotly_chart(bar, key="unit scale", config=_BARE, theme=None)


def _draw_tile(scene: UnitScene, seen: Seen, chosen: tuple[str, int], laid: Laid) -> None:
    st.markdown(f"**{plain(scene.title(seen.member))}**", help=plain(explained(scene, seen.member)))
    st.caption("  \n".join(facts_of(scene, seen.member, chosen)))
    if not seen.live:
        _say_constant(scene, seen)
        return
    for side, title in _SIDES.items():
        st.caption(title, help=plain(f"Their classes: {classes_of(scene, seen.row[side].tolist())}"))
        _draw_side(scene, seen, chosen, side, laid)
    if not is_here(seen.member.spec, seen.member.id):
        st.caption("Where it fired is not known: the weights that retraining made are not on this machine.")
        offer_retraining({seen.member.id: seen.member.spec}, f"unit {seen.member.id}")
    elif isinstance(seen.maps, PrunescopeError):
        st.caption(plain(str(seen.maps)))
        offer_again(f"maps {seen.member.id}")


def _say_constant(scene: UnitScene, seen: Seen) -> None:
    """Say why there are no pictures."""
    if seen.row is None:
        st.warning("What was kept of this network's units is damaged. Score this network again.")
        return
    images = count(scene.study.images, "image")
    st.info(
        f"It is {value(seen.row['mean'])} on each of {images}: it tells none from another, so that no image drives it "
        "and it has no score."
    )


def _draw_side(scene: UnitScene, seen: Seen, chosen: tuple[str, int], side: str, laid: Laid) -> None:
    maps, values = _counted(seen, laid), [value(one) for one in _values(scene, seen, chosen, side)]
    width, dark = _WIDTHS[len(scene.members)], is_dark()
    whose = seen.member.id, scene.subject.network.key, scene.study.id
    key = *whose, chosen, side, laid, width, dark, maps is None, *values
    figure = _figures().get(key)
    if figure is None:
        pictures = pixels_of(scene.subject, seen.row[side].tolist())
        if maps is not None and laid.scale is not None:
            pictures = fired(pictures, maps[_half(side)], laid.scale, opacity=laid.opacity, dark=dark)
        about = labels_of(scene.subject, seen.row[side].tolist())
        figure = _figures().put(key, _figure(pictures, values, about, width))
    st.plotly_chart(
        figure, key=f"{side} {seen.member.id}", config=_BARE, theme=None, selection_mode="points",
        on_select=lambda: _click(f"{side} {seen.member.id}", seen.member.id),
    )  # fmt: skip


def _figure(pictures: Pixels, values: Sequence[str], about: Sequence[tuple[str, str]], width: int) -> go.Figure:
    facts = zip(about, values, strict=True)
    hover = [f"<b>{name}</b><br>{identity}<br>activation {one}" for (identity, name), one in facts]
    keys = [identity for identity, _ in about]
    return picture_grid(pictures, values, hover, columns=_COLUMNS, width=width, dark=is_dark(), keys=keys)


def _values(scene: UnitScene, seen: Seen, chosen: tuple[str, int], side: str) -> NDArray[np.float32]:
    """Return the activations on the exemplars of a side, NaN where neither the pass nor the network is here."""
    if isinstance(seen.maps, np.ndarray):
        means: NDArray[np.float32] = seen.maps[_half(side)].mean((1, 2))
        return means
    activity, (place, unit) = activity_of(scene, seen.member), chosen
    if activity is None:
        return np.full(SHOWN, np.nan, np.float32)
    values: NDArray[np.float32] = getattr(activity, f"{side}_values")[activity.units_of(place).start + unit, :SHOWN]
    return values


def _half(side: str) -> slice:
    return slice(0, SHOWN) if side == "top" else slice(SHOWN, 2 * SHOWN)


def _click(chart: str, run_id: str) -> None:
    """Note the image that was clicked: a page cannot be left from a callback."""
    points = st.session_state[chart].selection.points
    if points:
        st.session_state[_CLICKED] = run_id, str(points[0]["customdata"])


def _open_clicked(scene: UnitScene) -> None:
    """Show the clicked image in Saliency, with the networks that stand here."""
    st.caption("Click an image to see in Saliency what the networks go by in it.")
    clicked = st.session_state.pop(_CLICKED, None)
    if clicked is None:
        return
    run_id, identity = clicked
    others = [one.id for one in scene.beside if one.id != run_id]
    run, *beside = [run_id, *others] if run_id != scene.dense.id else others or [run_id]
    st.switch_page("pages/saliency.py", query_params={"run": run, "runs": ",".join(beside), "image": identity})


def offer_packing(scene: UnitScene) -> None:
    """Say why no image can be shown, and draw the button that changes it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Pack the images", key="unit_pack", type="primary", help="In the background"):
            with shown_errors():
                executor().prepare(scene.family.spec)
                keep_workers()
            st.rerun()
        st.markdown("Which images these are is known once they are packed; they are not packed on this machine.")


@st.cache_resource(show_spinner=False)
def _figures() -> Kept[go.Figure]:
    return Kept(_FIGURES)
