"""What every image does to the units of a network: kept while it is looked at, and how one comes by it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.families import Member
from core.interpretability.units.activity import Activity
from core.interpretability.units.collect import find_activity
from core.jobs.executor import UNITS
from core.store.queue import OPEN
from core.store.retrained import units_folder
from core.words import count, listed
from pages.widgets.core_access import executor, is_here, keep_workers, made_at, store
from pages.widgets.errors import plain, shown_errors
from pages.widgets.kept import Kept
from pages.widgets.unit_scene import UnitScene

_KEPT = 6  # at 40 MB each


def activity_of(scene: UnitScene, member: Member) -> Activity | None:
    """Return what every image does to the units of a network, kept; None if it is not on this machine."""
    key = member.id, made_at(member.spec, member.id), scene.study.id
    found = _activities().get(key)
    if found is None:
        found = find_activity(units_folder(store().folder, member.id), scene.study)
    return None if found is None else _activities().put(key, found)


def offer_activity(scene: UnitScene, members: Sequence[Member]) -> None:
    """Draw the button that has the images looked at here; where that is under way already, say so."""
    names = listed([scene.title(member) for member in members])
    what = f"What every image does to the units of {names} is not on this machine: only scores and exemplars are."
    if any(job.kind == UNITS and job.request["kind"] == scene.study.kind for job in executor().list(OPEN)):
        st.caption(plain(f"{what} Units are being looked at: the page Runs tells how far."))
        return
    here = [member for member in members if is_here(member.spec, member.id)]
    with st.container(horizontal=True, vertical_alignment="center"):
        if here and st.button("Look at the images here", key="unit_activity", help=_cost(scene)):
            with shown_errors():
                executor().units([member.spec for member in here], scene.study, activity=True)
                keep_workers()
            st.rerun()
        st.markdown(plain(what), width="content")


def _cost(scene: UnitScene) -> str:
    return plain(f"In the background: one pass of {count(scene.study.images, 'image')} through each network.")


@st.cache_resource(show_spinner=False)
def _activities() -> Kept[Activity]:
    return Kept(_KEPT)
