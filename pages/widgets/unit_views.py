"""What is seen of single units, kept for all sessions: images of the pack, maps of where a unit fires."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.data.pack import Pack
from core.errors import PrunescopeError
from core.families import Member
from core.interpretability.inspection import one_at_a_time
from core.interpretability.units.maps import unit_maps
from core.jobs.devices import pick_device
from core.jobs.subject import Subject
from core.progress import Progress
from pages.widgets.kept import Kept
from pages.widgets.said import places_in_source
from pages.widgets.unit_refused import refuse, refused
from pages.widgets.unit_scene import UnitScene
from pages.widgets.views import Variant, network_of, shown

_MAPS = 512  # at 300 kB each, the largest
_PACK_SECONDS = 60

Pixels = NDArray[np.uint8]  # (n, h, w, 3)
Maps = NDArray[np.float32]  # (n, h', w')


@dataclass(frozen=True, eq=False)
class Fired:
    """Where a unit fires in images of the pack: a piece of work for `answers`."""

    scene: UnitScene
    member: Member
    place: str
    unit: int
    images: tuple[int, ...]  # places in the pack

    @property
    def key(self) -> Hashable:
        """What decides the maps."""
        subject = self.scene.subject
        network = subject.network.sha256, self._variant.network_key
        return *network, self.scene.family.data_sha, self.place, self.unit, self.images

    @property
    def passes(self) -> int:
        """Forward passes: one an image."""
        return len(self.images)

    @property
    def known(self) -> Maps | PrunescopeError | None:
        """The maps, if they were computed before, or why there are none, if this session found out."""
        return found if (found := _fired().get(self.key)) is not None else refused(self.key)

    @property
    def seconds(self) -> float | None:
        """How long it takes is not known."""
        return None

    def answer(self, progress: Progress) -> Maps | PrunescopeError:
        """Return the maps (n, h', w'), kept or computed, or why there are none. `progress` may raise."""
        progress(0, len(self.images), f"where it fires, {self.scene.title(self.member)}")
        with one_at_a_time(pick_device()):
            found = self.known
            return self._computed() if found is None else found

    @cached_property
    def _variant(self) -> Variant:
        return Variant(self.member.spec, self.member.id)

    def _computed(self) -> Maps | PrunescopeError:
        try:
            looked_into = network_of(self.scene.subject.network, self._variant)
            maps = unit_maps(looked_into, pixels_of(self.scene.subject, self.images), self.place, self.unit)
            return _fired().put(self.key, maps)
        except PrunescopeError as error:
            return refuse(self.key, error)


def row_of(scene: UnitScene, member: Member, place: str, unit: int) -> Any | None:
    """Return what is kept of a unit in a network, a row of UNIT; None if that is damaged."""
    units = scene.raw(member)
    found = np.flatnonzero((units["place"] == scene.study.places.index(place)) & (units["unit"] == unit))
    return units[found[0]] if len(found) else None


def can_be_shown(subject: Subject) -> bool:
    """Return whether the images of the pack can be shown: they are packed, or their places are those of the source."""
    return subject.source.generated or pack_of(subject) is not None


def pixels_of(subject: Subject, places: Sequence[int]) -> Pixels:
    """Return images by their places in the pack: read from it, or drawn or decoded where nothing is packed."""
    pack = pack_of(subject)
    if pack is not None:
        return pack.batch(list(places))
    indices = places_in_source(subject, np.asarray(places, np.int64)).tolist()
    return np.stack([shown(subject, index).pixels for index in indices])


def labels_of(subject: Subject, places: Sequence[int]) -> list[tuple[str, str]]:
    """Return the id and the class name of images by their places in the pack."""
    indices = places_in_source(subject, np.asarray(places, np.int64)).tolist()
    source, names = subject.source, subject.network.classes
    return [(source.ids[index], names[source.labels[index]]) for index in indices]


def classes_of(scene: UnitScene, places: Sequence[int]) -> str:
    """Return the classes of images, the most frequent first, as what stands for a grid of them: "5 disc, 4 egg"."""
    found = Counter(name for _, name in labels_of(scene.subject, places))
    return ", ".join(f"{times} {name}" for name, times in found.most_common())


def pack_of(subject: Subject) -> Pack | None:
    """Return the packed images, looked for anew after a while; None if they are not packed."""
    return _pack(subject.source.identity(), subject.preset.name, subject)


@st.cache_resource(max_entries=8, ttl=_PACK_SECONDS, show_spinner=False)
def _pack(identity: str, preset: str, _subject: Subject) -> Pack | None:
    return _subject.packed()


@st.cache_resource(show_spinner=False)
def _fired() -> Kept[Maps]:
    return Kept(_MAPS)
