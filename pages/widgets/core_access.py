"""The core's shared objects, opened once for all sessions."""

from __future__ import annotations

import streamlit as st

from core.experiment import ExperimentSpec
from core.jobs.counted import count_again
from core.jobs.executor import Executor
from core.jobs.process import ensure_workers
from core.jobs.subject import Subject, find_subject
from core.networks.network import Network
from core.networks.registry import NETWORKS, load_network
from core.store.database import Store, open_store
from core.store.demo import import_demo
from core.store.retrained import weights_stamp

_SUBJECT_SECONDS = 120  # so long is a folder believed to hold what it held


@st.cache_resource(show_spinner="Opening the store …")
def store() -> Store:
    """Return the store with the shipped runs in it. Raises StorageError."""
    opened = open_store()
    import_demo(opened)
    return opened


@st.cache_resource(show_spinner=False)
def prepare_demo() -> None:
    """Start a worker that packs the demo's scenes, so that the first *Run* need not wait for it.

    To be called when the page is drawn: the worker's start would hold up the first picture.
    """
    if NETWORKS["demo"].find() is not None:
        executor().prepare(ExperimentSpec())
    ensure_workers(store())


def executor() -> Executor:
    """Return the queue of the store."""
    return Executor(store())


@st.cache_resource(ttl=15, show_spinner=False)
def keep_workers() -> None:
    """See that each device has its worker process; looks again after a while, so that a dead one is replaced."""
    ensure_workers(store())


def made_at(spec: ExperimentSpec, run_id: str) -> int | None:
    """Return when the weights of a retrained run were written; None if they are not here, or if none are needed.

    What is remembered of a run is remembered under this too: retrained anew, it is another network.
    """
    return None if spec.retraining is None else weights_stamp(store().folder, run_id)


def is_here(spec: ExperimentSpec, run_id: str) -> bool:
    """Return whether one can look into the network of a run: it is pruned anew, or its weights are on this machine."""
    return spec.retraining is None or made_at(spec, run_id) is not None


def subject_of(spec: ExperimentSpec) -> Subject:
    """Return the network and the images that a spec names, opened once. Raises what `find_subject` raises."""
    return _subject(spec.dense())


def dense_network(spec: ExperimentSpec) -> Network:
    """Return the dense network that a spec names, whatever its images. Raises what `load_network` raises."""
    return _network(spec.network, spec.weights)


@st.cache_resource(ttl=_SUBJECT_SECONDS, max_entries=4, show_spinner="Loading the network …")
def _network(name: str, weights: str | None) -> Network:
    return load_network(name, weights)


@st.cache_resource(
    ttl=_SUBJECT_SECONDS,
    max_entries=8,
    show_spinner="Loading the network …",
    hash_funcs={ExperimentSpec: ExperimentSpec.to_json},
)
def _subject(spec: ExperimentSpec) -> Subject:
    found = find_subject(spec, store().folder)
    count_again(store(), found.network, found.fingerprint() or "")
    return found
