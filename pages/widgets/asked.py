"""One image, one question, the networks of the strip: what each of them answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from core.errors import PrunescopeError
from core.experiment import ExperimentSpec, spec_in_words
from core.families import Member
from core.figures.look import Look, limits
from core.interpretability.question import Question, target_class
from core.unpruned import unpruned_title
from pages.widgets.compared import Compared
from pages.widgets.views import Answer, Ask, Map, Shown, Variant, probabilities_of, sparsity_of
from pages.widgets.work import answers


@dataclass(frozen=True, eq=False)
class View:
    """What one network says of the image, and what it was asked to get its map."""

    member: Member | None  # None: the dense network, which was not run
    probabilities: NDArray[np.float32] | None  # (classes,); None: a retrained network whose weights are not here
    ask: Ask
    answer: Answer | None  # None: the user stopped it

    @property
    def spec(self) -> ExperimentSpec:
        """How the network is pruned and retrained."""
        return self.ask.variant.spec

    @property
    def title(self) -> str:
        """The network's name, short enough for a tile: "Structured 0.15"."""
        if self.member is None:
            return unpruned_title(self._own_zeros)
        return replace(self.member, own_zeros=self._own_zeros).title

    @property
    def words(self) -> str:
        """What was done, short enough for a legend: "structured L1 0.15, local"."""
        return spec_in_words(self.spec, self._own_zeros)

    @property
    def _own_zeros(self) -> float:
        return self.ask.image.network.zeros

    @property
    def sparsity(self) -> float | None:
        """The share of the prunable weights that is gone, as it was measured or as it is; None: not known."""
        known = None if self.member is None else self.member.sparsity
        return sparsity_of(self.ask.image.network, self.ask.variant) if known is None else known

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
        return "dense" if self.member is None or self.spec.is_dense else self.member.id


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
        View(member, probabilities_of(image, ask.variant), ask, answer)
        for member, ask, answer in zip(members, asks, found, strict=True)
    ]


def ask_of(image: Shown, member: Member | None, question: Question) -> Ask:
    """Return the question to one network about the image, for the class that it is about."""
    variant = Variant() if member is None else Variant(member.spec, member.id)
    said = [probabilities_of(image, one) for one in (Variant(), variant)]
    known = [int(one.argmax()) for one in said if one is not None]
    label = known[0] if image.label is None else image.label
    dense, own = (label if one is None else int(one.argmax()) for one in said)
    return Ask(image, variant, target_class(question.target, label, dense, own), question)


def limits_of(views: Sequence[View], look: Look) -> list[float]:
    """Return where the scale of each view's map ends; 1 where there is no map."""
    found = iter(limits([view.map for view in views if view.map is not None], look))
    return [1.0 if view.map is None else next(found) for view in views]
