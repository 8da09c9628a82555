"""One image, one question, the networks of the strip: what each of them answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from core.errors import PrunescopeError
from core.families import Member
from core.figures.look import Look, limits
from core.interpretability.question import Question, target_class
from core.pruning.settings import Pruning
from pages.widgets.compared import Compared
from pages.widgets.views import Answer, Ask, Map, Shown, Variant, probabilities_of
from pages.widgets.work import answers


@dataclass(frozen=True, eq=False)
class View:
    """What one network says of the image, and what it was asked to get its map."""

    member: Member | None  # None: the dense network, which was not run
    probabilities: NDArray[np.float32]  # (classes,)
    ask: Ask
    answer: Answer | None  # None: the user stopped it

    @property
    def pruning(self) -> Pruning:
        """How the network is pruned."""
        return self.ask.variant.pruning

    @property
    def target(self) -> int:
        """The class that the map is about."""
        return self.ask.target

    @property
    def map(self) -> Map | None:
        """The map, None if there is none."""
        return None if isinstance(self.answer, PrunescopeError) else self.answer

    @property
    def reason(self) -> str:
        """Why there is no map; empty if there is one."""
        if isinstance(self.answer, PrunescopeError):
            return str(self.answer)
        return "stopped before it was computed" if self.answer is None else ""

    @property
    def key(self) -> str:
        """The network in the URL."""
        return "dense" if self.member is None or self.pruning.dense else self.member.id


def ask_all(
    image: Shown, compared: Compared, question: Question, room: DeltaGenerator, words: DeltaGenerator
) -> list[View]:
    """Return the view of each network, the dense one first; where that takes long, `words` has the bar.

    `room` is an `st.empty()` in which nothing is shown.
    """
    members = [compared.dense, *compared.members]
    asks = [ask_of(image, member, question) for member in members]
    found = answers(asks, room, "strip", words.empty)
    return [
        View(member, probabilities_of(image, ask.variant.pruning), ask, answer)
        for member, ask, answer in zip(members, asks, found, strict=True)
    ]


def ask_of(image: Shown, member: Member | None, question: Question) -> Ask:
    """Return the question to one network about the image, for the class that it is about."""
    pruning = Pruning() if member is None else member.spec.pruning
    dense, own = (int(probabilities_of(image, one).argmax()) for one in (Pruning(), pruning))
    target = target_class(question.target, image.example.label, dense, own)
    return Ask(image, Variant(pruning), target, question)


def limits_of(views: Sequence[View], look: Look) -> list[float]:
    """Return where the scale of each view's map ends; 1 where there is no map."""
    found = iter(limits([view.map for view in views if view.map is not None], look))
    return [1.0 if view.map is None else next(found) for view in views]
