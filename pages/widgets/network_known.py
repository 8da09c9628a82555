"""The networks that are known, each with what its file is, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from core.errors import PrunescopeError
from core.experiment import ExperimentSpec
from core.known_networks import Description, KnownNetwork, added_networks, dense_runs, known_networks
from core.networks.registry import file_stamp
from core.pruning.description import NetworkDescription, describe
from core.series import with_series
from core.store.runs import runs_frame
from pages.widgets.core_access import store, subject_of


@dataclass(frozen=True, eq=False)
class Known:
    """Every network, what its file is, and all runs."""

    networks: tuple[KnownNetwork, ...]
    described: Mapping[str, Description]  # by name
    runs: pd.DataFrame  # `runs_frame` with `series`
    measured: Mapping[str, pd.DataFrame]  # by name: those of the network as it is

    def network(self, name: str) -> KnownNetwork:
        """Return the network of that name."""
        return next(one for one in self.networks if one.name == name)

    @property
    def classes(self) -> dict[str, int]:
        """How many classes the networks tell apart, by fingerprint."""
        return {sha: len(about.classes) for sha, about in self.by_sha.items()}

    @property
    def by_sha(self) -> dict[str, NetworkDescription]:
        """What the files are that could be read, by fingerprint."""
        read = (about for about in self.described.values() if isinstance(about, NetworkDescription))
        return {about.sha256: about for about in read}


def find_known() -> Known:
    """Return every network; a file that was not read yet is read."""
    runs = with_series(runs_frame(store()))
    networks = known_networks(runs, added_networks())
    described = {one.name: description_of(one) for one in networks}
    files = {(one.network, one.weights): described[one.name] for one in networks}
    return Known(networks, described, runs, {one.name: dense_runs(one, files, runs, _shows) for one in networks})


def _shows(spec: ExperimentSpec, data_sha: str) -> bool:
    """Whether the images of a spec, labelled as its network calls its classes, are those of this fingerprint."""
    try:
        return subject_of(spec).fingerprint() == data_sha
    except PrunescopeError:
        return False


def description_of(one: KnownNetwork) -> Description:
    """Return what a network's file is, or why it cannot be read; None if it is not at hand."""
    file = one.file
    return None if file is None else _described(str(file), file_stamp(file))


@st.cache_resource(max_entries=256, show_spinner="Reading the weights …")
def _described(file: str, stamp: tuple[int, ...]) -> Description:
    try:
        return describe(Path(file))
    except PrunescopeError as error:
        return error
