"""What networks say of single images, kept for all sessions: each is computed once, one at a time on a device."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.data.example import Example, example
from core.data.preset import Preset
from core.data.source import Source
from core.interpretability.inspection import Subject as Inspected
from core.interpretability.inspection import attributions, probabilities, subject
from core.interpretability.question import Question
from core.jobs.devices import pick_device
from core.jobs.subject import Subject
from core.networks.network import Network
from core.pruning.settings import Pruning

_NETWORKS = 16  # at 27 MB each
_IMAGES = 256
_PREDICTIONS = 4096
_MAPS = 512


@dataclass(frozen=True, eq=False)
class Shown:
    """An image of a subject's source, and a key that no other image has."""

    subject: Subject
    example: Example

    @property
    def key(self) -> str:
        """The image, whatever the network."""
        return f"{_source_key(self.subject)} {self.example.id}"


def shown(subject: Subject, index: int) -> Shown:
    """Return the image at `index` of the source, drawn or decoded at most once. Raises the errors of `example`."""
    return Shown(subject, _example(_source_key(subject), index, subject.source, subject.preset))


def sparsity_of(subject: Subject, pruning: Pruning) -> float:
    """Return the share of the prunable weights that are gone."""
    return _inspected(subject.network, pruning).sparsity.prunable


def probabilities_of(image: Shown, pruning: Pruning) -> NDArray[np.float32]:
    """Return what the network, pruned, says of the image: (classes,)."""
    network = image.subject.network
    return _probabilities(network.sha256, _key(pruning), image.key, network, pruning, image.example)


def map_of(image: Shown, pruning: Pruning, target: int, question: Question) -> NDArray[np.float32]:
    """Return the network's attribution map for the class `target`: (h, w). Raises the errors of `attribute`."""
    network = image.subject.network
    return _map(network.sha256, _key(pruning), image.key, target, question, network, pruning, image.example)


def _source_key(subject: Subject) -> str:
    return f"{subject.source.identity()} {subject.preset.name}"


def _key(pruning: Pruning) -> str:
    return json.dumps(pruning.canonical(), sort_keys=True)


@st.cache_resource(max_entries=_IMAGES, show_spinner=False)
def _example(source_key: str, index: int, _source: Source, _preset: Preset) -> Example:
    return example(_source, _preset, index)


def _inspected(network: Network, pruning: Pruning) -> Inspected:
    return _pruned(network.sha256, _key(pruning), pick_device(), network, pruning)


@st.cache_resource(max_entries=_NETWORKS, show_spinner=False)
def _pruned(sha: str, pruning_key: str, device: str, _network: Network, _pruning: Pruning) -> Inspected:
    return subject(_network, _pruning, device)


@st.cache_resource(max_entries=_PREDICTIONS, show_spinner=False)
def _probabilities(
    sha: str, pruning_key: str, image: str, _network: Network, _pruning: Pruning, _example: Example
) -> NDArray[np.float32]:
    found: NDArray[np.float32] = probabilities(_inspected(_network, _pruning), _example.pixels[None])[0]
    return found


@st.cache_resource(max_entries=_MAPS, show_spinner=False, hash_funcs={Question: lambda question: question.id})
def _map(
    sha: str,
    pruning_key: str,
    image: str,
    target: int,
    question: Question,
    _network: Network,
    _pruning: Pruning,
    _example: Example,
) -> NDArray[np.float32]:
    found: NDArray[np.float32] = attributions(
        _inspected(_network, _pruning), _example.pixels[None], [target], question
    )[0]
    return found
