"""A store of hand-made results on an untrained network, for the pages that show results."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import streamlit as st
import torch
from safetensors.torch import save_file
from streamlit.testing.v1 import AppTest

from core.data.scenes import CLASSES
from core.evaluation.accuracy import accuracy, against_dense
from core.experiment import ExperimentSpec, Extent
from core.jobs.executor import Executor
from core.jobs.subject import find_subject
from core.layer_names import INCEPTION_CONVS
from core.networks.googlenet import googlenet
from core.paths import ROOT
from core.predictions import PREDICTION
from core.pruning.settings import Pruning
from core.store import queue
from core.store.database import open_store
from core.store.predictions import append
from core.store.runs import put_result

IMAGES = 96
RIGHT = {0.0: 90, 0.2: 80, 0.5: 40}  # of so many images the network pruned at this rate is right


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A network that tells the scenes' classes apart by their number only."""
    path = tmp_path_factory.mktemp("untrained") / "net.safetensors"
    torch.manual_seed(0)
    about = {"classes": json.dumps(CLASSES), "size": "128", "mean": "[0.5, 0.5, 0.5]", "std": "[0.2, 0.2, 0.2]"}
    save_file(googlenet(len(CLASSES)).state_dict(), path, about)
    return path


@pytest.fixture
def empty_store(tmp_path, monkeypatch):
    """A store of the test's own, which the pages use; no worker process takes what they submit."""
    monkeypatch.setenv("PRUNESCOPE_CACHE", str(tmp_path))
    monkeypatch.setattr("core.networks.registry.DEMO_CHECKPOINT", tmp_path / "none.safetensors")
    monkeypatch.setattr("core.store.demo.DEMO_RESULTS", tmp_path / "none.sqlite")
    st.cache_resource.clear()
    monkeypatch.setenv("PRUNESCOPE_WORKERS", "none")
    yield open_store(tmp_path)
    st.cache_resource.clear()


@pytest.fixture
def specs(checkpoint):
    """The experiments by rate."""
    dense = ExperimentSpec(str(checkpoint))
    return {rate: replace(dense, pruning=Pruning(rate=rate)) for rate in RIGHT}


@pytest.fixture
def measured(empty_store, specs):
    """Run ids by rate: unstructured at 0.2 and 0.5 and the dense network, measured on 96 scenes."""
    submission = Executor(empty_store).submit(specs.values(), Extent(IMAGES))
    labels = find_subject(specs[0.0], empty_store.folder).source.labels[:IMAGES]
    dense = predictions(labels, RIGHT[0.0])
    for run_id, rate in zip(submission.run_ids, RIGHT, strict=True):
        record(empty_store, run_id, rate, predictions(labels, RIGHT[rate]), dense)
    return dict(zip(RIGHT, submission.run_ids, strict=True))


def predictions(labels, right):
    found = np.zeros(len(labels), PREDICTION)
    found["image"], found["label"], found["loss"] = np.arange(len(labels)), labels, 1.0
    found["classes"] = -1
    found["classes"][:, 0] = np.where(np.arange(len(labels)) < right, labels, (labels + 1) % len(CLASSES))
    return found


def record(store, run_id, rate, found, dense):
    change = against_dense(found, dense) if rate else {}
    layers = dict.fromkeys(INCEPTION_CONVS, rate)
    with store.writing() as db:
        append(db, run_id, 0, found, 1.0)
        put_result(db, run_id, "accuracy", accuracy(found) | change)
        put_result(db, run_id, "sparsity", {"prunable": rate, "conv": rate, "all": rate, "layers": layers})
    identity = queue.job_id("accuracy", run_id)
    job = queue.claim(store, "cpu", [identity])
    queue.finish(store, job, queue.DONE)


@pytest.fixture
def visit(checkpoint):
    """Open a page as if by its address, with the untrained network set, and run it."""

    def open_page(path="", **query):
        app = AppTest.from_file(ROOT / "app.py", default_timeout=120)
        if path:
            app.switch_page(path)
        for name, value in ({"network": "file", "checkpoint": str(checkpoint)} | query).items():
            app.query_params[name] = value
        return app.run()

    return open_page
