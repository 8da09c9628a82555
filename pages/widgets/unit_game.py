"""The tasks of a unit as a game: what stands where, what the person said, who was right."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import PrunescopeError
from core.families import Member
from core.interpretability.encoders.cache import embed_pack
from core.interpretability.encoders.registry import load_encoder
from core.interpretability.mis.play import Task
from core.interpretability.mis.tasks import generator
from core.jobs.devices import pick_device
from core.progress import Progress
from pages.widgets.core_access import store
from pages.widgets.kept import Kept
from pages.widgets.unit_refused import refuse, refused
from pages.widgets.unit_scene import UnitScene

_EMBEDDINGS = 2  # at 8 MB each
_PLAYED = "unit tasks played"
LEFT, RIGHT, REVEALED = "left", "right", "revealed"


@dataclass(frozen=True, eq=False)
class Game:
    """One task as it stands on the page; `number` counts from 1."""

    scene: UnitScene
    member: Member
    place: str
    unit: int
    number: int
    task: Task

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        """The task, whoever plays it."""
        return self.member.id, self.scene.study.id, self.place, self.unit, self.number

    @property
    def sides(self) -> dict[str, int]:
        """The queries by where they stand: in an order of the task's own, the same for all who open it."""
        order = generator(self.scene.study, self.place, self.unit, f"order of {self.key}").permutation(2)
        queries = self.task.query_positive, self.task.query_negative
        return dict(zip((LEFT, RIGHT), (queries[one] for one in order), strict=True))

    @property
    def answer(self) -> str:
        """The side of the query that activates the unit strongly."""
        return next(side for side, image in self.sides.items() if image == self.task.query_positive)


@dataclass(frozen=True)
class Played:
    """How a task ended: what the person said (REVEALED: nothing), and who was right; of a machine that cannot
    decide, None."""

    said: str
    person: bool
    machine: bool | None


@dataclass(frozen=True, eq=False)
class Embedded:
    """The images of a study as its encoder sees them: a piece of work for `answers`."""

    scene: UnitScene

    @property
    def key(self) -> Hashable:
        """What decides the embeddings."""
        study = self.scene.study
        return study.encoding, study.images, self.scene.subject.network.sha256, self.scene.family.data_sha

    @property
    def passes(self) -> int:
        """One an image."""
        return self.scene.study.images

    @property
    def known(self) -> NDArray[np.float32] | PrunescopeError | None:
        """The embeddings, if they were read or computed before, or why there are none, if this session found out."""
        return found if (found := _embeddings().get(self.key)) is not None else refused(self.key)

    @property
    def seconds(self) -> float | None:
        """Not known: they may lie on the disk."""
        return None

    def answer(self, progress: Progress) -> NDArray[np.float32] | PrunescopeError:
        """Return the embeddings (n, d) in the order of the study, or why there are none. `progress` may raise."""
        found = self.known
        if found is not None:
            return found
        try:
            return _embeddings().put(self.key, self._compute(progress))
        except PrunescopeError as error:
            return refuse(self.key, error)

    def _compute(self, progress: Progress) -> NDArray[np.float32]:
        subject, study = self.scene.subject, self.scene.study
        encoder = load_encoder(study.encoding, subject.network, pick_device())
        pack = subject.pack()
        return embed_pack(encoder, pack, pack.order[: study.images], store().folder / "embeddings", progress)


def all_played() -> dict[tuple[str, str, str, int, int], Played]:
    """Return how each task ended that was played in this session."""
    found: dict[tuple[str, str, str, int, int], Played] = st.session_state.setdefault(_PLAYED, {})
    return found


@st.cache_resource(show_spinner=False)
def _embeddings() -> Kept[NDArray[np.float32]]:
    return Kept(_EMBEDDINGS)
