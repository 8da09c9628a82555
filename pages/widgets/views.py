"""What networks say of single images, kept for all sessions: each is computed once, one at a time on a device."""

from __future__ import annotations

import json
import time
from collections.abc import Hashable
from dataclasses import dataclass, field, replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.data.example import Example, example
from core.data.preset import Preset
from core.data.source import Source
from core.errors import BrokenDataError, MissingFileError, PrunescopeError
from core.experiment import ExperimentSpec
from core.interpretability.inspection import Subject as Inspected
from core.interpretability.inspection import attributions, one_at_a_time, probabilities
from core.interpretability.measures.faithfulness import Faithfulness
from core.interpretability.measures.randomisation import FRESH_WEIGHTS, blocks_of, randomised_copy
from core.interpretability.question import Question
from core.interpretability.walks import walks
from core.jobs.devices import pick_device
from core.jobs.inspected import inspected
from core.jobs.subject import Subject
from core.networks.network import Network
from core.progress import Progress
from pages.widgets.core_access import made_at, store
from pages.widgets.kept import Kept

_NETWORKS = 16  # at 27 MB each
_RANDOMISED = 2
_IMAGES = 256
_PREDICTIONS = 4096
_SPEEDS = 64
_POINTS = 32  # of an insertion or deletion curve: two whole batches
_MAPS = 768  # at 200 kB each

Map = NDArray[np.float32]  # (h, w)
Answer = Map | PrunescopeError  # a map, or why there is none


@dataclass(frozen=True, eq=False)
class Shown:
    """An image as a network is shown it: one of the data, or a picture that nobody has labelled."""

    network: Network  # the dense one
    key: str  # no other image has it, whatever the network
    id: str
    name: str  # of it in the URL
    pixels: NDArray[np.uint8]  # (h, w, 3)
    origin: str  # the title of the data, or whose picture it is
    label: int | None = None  # the true class; None: the picture is not part of the data, nobody says what it shows
    mask: NDArray[np.bool_] | None = None  # (h, w), where the target is; None where that is not known


@dataclass(frozen=True)
class Variant:
    """The network of a run, and then the named blocks with fresh parameters.

    Of the spec only how it prunes and retrains matters: an image has its network with it.
    """

    spec: ExperimentSpec = field(default_factory=ExperimentSpec)
    run_id: str = ""  # of a retrained one: where its weights are
    randomised: tuple[str, ...] = ()

    @property
    def network_key(self) -> str:
        """What tells its network from others that came from the same dense one."""
        pruning = json.dumps(self.spec.pruning.canonical(), sort_keys=True)
        return pruning if self.spec.retraining is None else f"{self.run_id} {made_at(self.spec, self.run_id)}"


@dataclass(frozen=True, eq=False)
class Ask:
    """One map: what counts in the image for the class `target`, to this variant of the image's network?"""

    image: Shown
    variant: Variant
    target: int
    question: Question

    @property
    def key(self) -> Hashable:
        """What decides the answer."""
        network, variant = self.image.network.sha256, self.variant
        return network, variant.network_key, variant.randomised, self.image.key, self.target, self.question.id

    @property
    def passes(self) -> int:
        """Forward and backward passes that it takes."""
        cost = self.question.entry.cost(self.question.settings)
        return max(1, cost.forward + cost.backward)

    @property
    def known(self) -> Answer | None:
        """The answer, if it was computed before."""
        return _answers().get(self.key)

    @property
    def seconds(self) -> float | None:
        """How long it takes, judged by the last map of its size, of its method if there is one; None: not known."""
        per_pass = next((found for kind in self._kinds if (found := _speeds().get(kind)) is not None), None)
        return None if per_pass is None else per_pass * self.passes

    @property
    def _kinds(self) -> tuple[Hashable, ...]:
        where = (pick_device(), self.image.pixels.shape)
        return (*where, self.question.method), where

    def answer(self, progress: Progress) -> Answer:
        """Return the answer, kept or computed. `progress` may raise: nothing is left behind then."""
        with one_at_a_time(pick_device()):
            found = self.known
            return _answers().put(self.key, self._compute(progress)) if found is None else found

    def _compute(self, progress: Progress) -> Answer:
        try:
            looked_into = _variant(self.image.network, self.variant)
            started = time.monotonic()
            found = attributions(looked_into, self.image.pixels[None], [self.target], self.question, progress)
        except PrunescopeError as error:
            return error
        for kind in self._kinds:
            _speeds().put(kind, (time.monotonic() - started) / self.passes)
        one: Map = found[0]
        return one


@dataclass(frozen=True, eq=False)
class Walk:
    """The insertion and deletion curves of a map that is known."""

    ask: Ask
    map: Map

    @property
    def key(self) -> Hashable:
        """What decides the curves."""
        return "walk", self.ask.key

    @property
    def passes(self) -> int:
        """Forward passes: two curves of so many points."""
        return 2 * _POINTS

    @property
    def known(self) -> Faithfulness | None:
        """The curves, if they were computed before."""
        return _walks().get(self.key)

    @property
    def seconds(self) -> float | None:
        """How long they take is not known: a pass of a map says little of it."""
        return None

    def answer(self, progress: Progress) -> Faithfulness:
        """Return the curves, kept or computed. `progress` may raise: nothing is left behind then."""
        image, looked_into = self.ask.image, _variant(self.ask.image.network, self.ask.variant)
        pixels, targets = image.pixels[None], [self.ask.target]
        found = self.known
        if found is None:
            found = walks(looked_into, pixels, targets, self.map[None], _POINTS - 1, progress)
        return _walks().put(self.key, found)


def shown(subject: Subject, index: int) -> Shown:
    """Return the image at `index` of the source, drawn or decoded at most once. Raises the errors of `example`."""
    where = f"{subject.source.identity()} {subject.preset.name}"
    found = _example(where, index, subject.source, subject.preset)
    origin, key = subject.source.title, f"{where} {found.id}"
    return Shown(subject.network, key, found.id, found.id, found.pixels, origin, found.label, found.mask)


def blocks(network: Network) -> tuple[str, ...]:
    """Return the names of the network's blocks from the last (fc) to the first (conv1)."""
    return blocks_of(network.module)


def sparsity_of(network: Network, variant: Variant) -> float | None:
    """Return the share of the prunable weights that are gone; None if the network is not here."""
    try:
        return network_of(network, variant).sparsity.prunable
    except (MissingFileError, BrokenDataError):
        return None


def probabilities_of(image: Shown, variant: Variant) -> NDArray[np.float32] | None:
    """Return what the network says of the image: (classes,); None if its weights are not here, or damaged."""
    network = image.network
    try:
        return _probabilities(network.sha256, variant.network_key, image.key, network, variant, image.pixels)
    except (MissingFileError, BrokenDataError):
        return None


def network_of(network: Network, variant: Variant) -> Inspected:
    """Return the network of a run without its fresh blocks, kept ready to be looked into; raises as `inspected`."""
    return _looked_into(network.sha256, variant.network_key, pick_device(), network, variant)


@st.cache_resource(max_entries=_IMAGES, show_spinner=False)
def _example(source_key: str, index: int, _source: Source, _preset: Preset) -> Example:
    return example(_source, _preset, index)


@st.cache_resource(show_spinner=False)
def _answers() -> Kept[Answer]:
    return Kept(_MAPS)


@st.cache_resource(show_spinner=False)
def _walks() -> Kept[Faithfulness]:
    return Kept(_MAPS)


@st.cache_resource(show_spinner=False)
def _speeds() -> Kept[float]:
    """Return the seconds that a pass took last, by kind of map."""
    return Kept(_SPEEDS)


def _variant(network: Network, variant: Variant) -> Inspected:
    whole = network_of(network, variant)
    if not variant.randomised:
        return whole
    return _fresh(network.sha256, variant.network_key, variant.randomised, pick_device(), whole)


@st.cache_resource(max_entries=_RANDOMISED, show_spinner=False)
def _fresh(sha: str, network_key: str, blocks: tuple[str, ...], device: str, _whole: Inspected) -> Inspected:
    return replace(_whole, module=randomised_copy(_whole.module, FRESH_WEIGHTS, blocks))


@st.cache_resource(max_entries=_NETWORKS, show_spinner=False)
def _looked_into(sha: str, network_key: str, device: str, _network: Network, _variant: Variant) -> Inspected:
    return inspected(_network, _variant.spec, _variant.run_id, store().folder, device)


@st.cache_resource(max_entries=_PREDICTIONS, show_spinner=False)
def _probabilities(
    sha: str, network_key: str, image: str, _network: Network, _variant: Variant, _pixels: NDArray[np.uint8]
) -> NDArray[np.float32]:
    found: NDArray[np.float32] = probabilities(network_of(_network, _variant), _pixels[None])[0]
    return found
