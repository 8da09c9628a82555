"""What a pruned and its dense network said of the images, read once for all sessions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.evaluation.accuracy import same_images
from core.families import Family, Member
from core.forgetting import PRUNED
from core.jobs.subject import Subject
from core.predictions import Predictions
from core.store.predictions import load
from core.unpruned import unpruned_short
from pages.widgets.core_access import made_at, store


@dataclass(frozen=True, eq=False)
class Said:
    """A pruned run, or a dense control, beside its dense network: what both said of the images that both have seen."""

    family: Family
    subject: Subject
    member: Member  # the pruned run
    pruned: Predictions
    dense: Predictions

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of their indices."""
        return self.subject.network.classes

    @property
    def technique(self) -> str:
        """How the network was pruned; empty for the dense control."""
        pruning = self.member.spec.pruning
        return "" if pruning.dense else pruning.technique

    @property
    def who(self) -> str:
        """What the network is called beside the dense one."""
        return "control" if self.member.spec.is_control else PRUNED

    @property
    def base(self) -> str:
        """What the network is called from which nothing was removed: "dense", "as it came"."""
        return unpruned_short(self.member.own_zeros)

    @property
    def key(self) -> tuple[str, int | None, int]:
        """The run and how many images there are: what is computed from them is kept under it."""
        return self.member.id, made_at(self.member.spec, self.member.id), len(self.dense)


def said_by(family: Family, subject: Subject, pruned: Member, dense: Member) -> Said:
    """Return what two networks of a family said of the images of `subject`."""
    return Said(family, subject, pruned, *same_images(predictions_of(pruned), predictions_of(dense)))


def predictions_of(member: Member) -> Predictions:
    """Return what a run said of each image, as far as it was measured."""
    return _load(member.id, made_at(member.spec, member.id), member.images)


def places_in_source(subject: Subject, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where the source has the images that stand at `places` of the pack."""
    indices = _indices(subject.source.identity(), subject.preset.name, subject)
    return places if indices is None else indices[places]


@st.cache_resource(max_entries=64, show_spinner=False)
def _load(run_id: str, made: int | None, images: int) -> Predictions:
    return load(store(), run_id, images)


@st.cache_resource(max_entries=8, ttl=60, show_spinner=False)
def _indices(identity: str, preset: str, _subject: Subject) -> NDArray[np.int64] | None:
    """Return the place in the source of each image of the pack; None where nothing is packed, so none was skipped."""
    pack = _subject.known()
    return None if pack is None else pack.indices
