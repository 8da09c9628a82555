"""What drives a unit furthest: a picture a network, each optimised from the same noise. The URL holds the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.experiment import ExperimentSpec
from core.families import Member
from core.jobs.estimate import visualisation_seconds
from core.jobs.executor import VISUALISE
from core.store.queue import FAILED, OPEN, RUNNING, Job
from core.units.places import unit_name
from core.visualisation import Visualisation
from core.visualised import Refused, Visualised, find_visualised, known_seconds
from core.words import count, duration
from pages.widgets.core_access import executor, is_here, keep_workers, store
from pages.widgets.elsewhere import offer_retraining
from pages.widgets.errors import plain, shown_errors
from pages.widgets.progress import POLL_SECONDS, job_words
from pages.widgets.retry import offer_retry
from pages.widgets.unit_facts import value
from pages.widgets.unit_scene import UnitScene
from pages.widgets.unit_views import row_of
from pages.widgets.visualised_settings import choose_visualisation

_WIDTH = 300  # pixels of a tile
_GAP = 4  # pixels of white between pictures that were made at once
_WHAT = (
    "A picture is changed step by step, from noise that is the same for all networks, until it drives the unit as far "
    "as it goes (feature visualisation by Lucent). It is no image of the data: what stands out in it is what the unit "
    "responds to."
)


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is asked of the unit in the networks of a scene, and what is known of it by run id."""

    scene: UnitScene
    how: Visualisation
    found: Mapping[str, Visualised | Refused | None]

    @property
    def missing(self) -> tuple[Member, ...]:
        """The networks that have no picture yet, but can have one."""
        members = self.scene.members
        return tuple(one for one in members if self.found[one.id] is None and is_here(one.spec, one.id))

    @property
    def pictures(self) -> tuple[Visualised, ...]:
        """The pictures that there are."""
        return tuple(one for one in self.found.values() if isinstance(one, Visualised))

    @property
    def told(self) -> int:
        """Of how many networks it is known what they show, or that they show nothing."""
        return sum(one is not None for one in self.found.values())

    def is_about(self, job: Job) -> bool:
        """Return whether a job makes these pictures."""
        if job.kind != VISUALISE or job.request["kind"] != self.how.kind:
            return False
        return any(ExperimentSpec.from_json(text).dense() == self.scene.family.spec for text in job.request["specs"])


def draw_visualised(scene: UnitScene, place: str, unit: int) -> None:
    """Draw a tile for each network with the picture that drives the unit furthest, and what makes or changes them."""
    st.markdown("**What drives it furthest**", help=_WHAT)
    with shown_errors(stop=False):
        how = choose_visualisation(place, unit)
        asked = _find(scene, how)
        _offer(asked)
        _failed(asked)
        working = any(map(asked.is_about, executor().list(OPEN)))
        st.fragment(_live, run_every=POLL_SECONDS if working else None)(asked, working)
        if asked.told:
            _draw_tiles(asked)


def _find(scene: UnitScene, how: Visualisation) -> _Asked:
    return _Asked(scene, how, {member.id: find_visualised(store(), member.id, how) for member in scene.members})


def _offer(asked: _Asked) -> None:
    """Offer to make the pictures that are missing, and say how long that takes."""
    missing = asked.missing
    if not missing:
        return
    open_job = any(map(asked.is_about, executor().list(OPEN)))
    if not (asked.pictures or open_job):
        st.caption(f"{_WHAT} None was made of this unit with these settings yet.")
    with st.container(horizontal=True, vertical_alignment="center"):
        label = "Visualise" if len(missing) == len(asked.scene.members) else "Visualise the others"
        if st.button(label, type="primary", disabled=open_job, key="visualise_button"):
            with shown_errors():
                executor().visualise([member.spec for member in missing], asked.how)
                keep_workers()
            st.rerun()
        st.markdown(plain(_cost(asked.how, len(missing))), width="content")


def _cost(how: Visualisation, networks: int) -> str:
    seconds = visualisation_seconds(how, known_seconds(store()))
    pictures = count(networks * how.diversity, "picture")
    return pictures if seconds is None else f"{pictures} · about {duration(seconds * networks)}"


def _failed(asked: _Asked) -> None:
    """Tell why the pictures could not be made, and offer to try again."""
    for job in executor().list((FAILED,)):
        if not asked.is_about(job) or not asked.missing:
            continue
        offer_retry(job, "The pictures could not be made")


def _live(asked: _Asked, working: bool) -> None:
    """Draw how far the job is; starts the page anew when a picture has come, and when the job has ended."""
    with shown_errors():
        jobs = [job for job in executor().list(OPEN) if asked.is_about(job)]
        for job in jobs:
            keep_workers()
            _progress(job)
        if working and (not jobs or _find(asked.scene, asked.how).told != asked.told):
            st.rerun()


def _progress(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(job.share, text=plain(_progress_in_words(job)))
        if st.button("Cancel", key=f"cancel {job.id}", disabled=job.cancelling, help="Pictures that are there stay."):
            executor().cancel([job.id])
            st.rerun(scope="fragment")


def _progress_in_words(job: Job) -> str:
    if job.cancelling:
        return "Stopping after this step"
    if job.state != RUNNING:
        return "Waiting for the worker"
    left = "" if job.seconds_left is None else f", about {duration(job.seconds_left)} left"
    return f"{job_words(job)}{left}"


def _draw_tiles(asked: _Asked) -> None:
    after = _choose_step(asked.how) if asked.pictures else 0
    with st.container(horizontal=True, gap="small"):
        for member in asked.scene.members:
            with st.container(width=_WIDTH, gap="xsmall"):
                details = "" if member.spec.is_dense else member.words
                st.markdown(f"**{plain(asked.scene.title(member))}**", help=plain(details) or None)
                _draw_tile(asked, member, after)


def _choose_step(how: Visualisation) -> int:
    """Draw the slider over the steps at which pictures were kept; return the place of the chosen one among them."""
    step = st.select_slider(
        "After so many steps",
        list(how.frames),
        value=how.frames[-1],
        key=f"vis_after_{how.steps}",
        bind="query-params",
        width=420,
        help="From the noise at the start to the end.",
    )
    return how.frames.index(step)


def _draw_tile(asked: _Asked, member: Member, after: int) -> None:
    found = asked.found[member.id]
    if isinstance(found, Visualised):
        alt = _alternative(asked, member, after)
        st.image(_side_by_side(found.frames[after]), width="stretch", output_format="PNG", alt=alt)
        st.caption("  \n".join(map(plain, (*_about(asked.how, found, after), *_beside(asked, member)))))
        return
    with st.container(height=_WIDTH, border=True):
        if isinstance(found, Refused):
            st.markdown(plain(f"No picture: {found.given}."))
            st.caption(plain(f"{found.mend[:1].upper()}{found.mend[1:]}."))
        elif is_here(member.spec, member.id):
            st.caption("No picture yet.")
        else:
            st.caption("The weights that retraining made are not on this machine.")
            offer_retraining({member.id: member.spec}, f"visualised {member.id}")


def _alternative(asked: _Asked, member: Member, after: int) -> str:
    """Return what a tile shows, for those who do not see it."""
    how = asked.how
    shown, way = count(how.diversity, "picture"), "most" if how.sign > 0 else "least"
    name = f"{unit_name(how.place, how.unit)} {way} in {asked.scene.title(member)}"
    return f"{shown} made to activate {name}, after {count(how.frames[after], 'step')}"


def _about(how: Visualisation, found: Visualised, after: int) -> tuple[str, ...]:
    """Return the activation by the picture that is shown, and by which seed it came if not by the one asked for."""
    values = ", ".join(value(float(one)) for one in found.activations[after])
    again = f"attempt {found.attempts}: with seed {how.seed} it stayed grey; seed {found.seed}, stronger noise"
    return (f"activation {values}", *([again] if found.attempts > 1 else []))


def _beside(asked: _Asked, member: Member) -> tuple[str, ...]:
    """Return how far the images of the data drive the same: what a picture reaches is to be held against that."""
    row = row_of(asked.scene, member, asked.how.place, asked.how.unit)
    if row is None or asked.how.objective != "channel":
        return ()
    return (f"by images {value(float(row['minimum']))} to {value(float(row['maximum']))}",)


def _side_by_side(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pictures (b, h, w, 3) as one, as square as can be."""
    columns = int(np.ceil(np.sqrt(len(pictures))))
    rows = int(np.ceil(len(pictures) / columns))
    _, height, width, _ = pictures.shape
    page = np.full((rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, 3), 255, np.uint8)
    for place, picture in enumerate(pictures):
        top, left = (place // columns) * (height + _GAP), (place % columns) * (width + _GAP)
        page[top : top + height, left : left + width] = picture
    return page
