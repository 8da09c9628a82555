"""What the panels below the strip are about: the image, the networks, the question, the look, the strip's answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streamlit.delta_generator import DeltaGenerator

from core.families import Member
from core.figures.look import Look
from core.interpretability.question import Question
from pages.widgets.asked import View, ask_of
from pages.widgets.compared import Compared
from pages.widgets.views import Ask, Shown, probabilities_of
from pages.widgets.work import answers


@dataclass(frozen=True, eq=False)
class Scene:
    """All that is on the page above."""

    image: Shown
    compared: Compared
    question: Question
    look: Look
    views: Sequence[View]

    @property
    def members(self) -> list[Member | None]:
        """The networks of the strip, the dense one first (None where it was not run)."""
        return [view.member for view in self.views]


def views_of(asks: Sequence[Ask], members: Sequence[Member | None], room: DeltaGenerator, key: str) -> list[View]:
    """Return what each of these networks answers; `room` has the bar where that takes long."""
    found = answers(asks, room, key)
    return [
        View(member, probabilities_of(ask.image, ask.variant), ask, answer)
        for member, ask, answer in zip(members, asks, found, strict=True)
    ]


def asks_of(scene: Scene, question: Question) -> list[Ask]:
    """Return the question to each network of the strip."""
    return [ask_of(scene.image, member, question) for member in scene.members]
