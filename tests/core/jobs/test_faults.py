"""Real worker processes, really killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from core.experiment import ExperimentSpec, Extent
from core.interpretability.question import Question
from core.jobs.evaluate import evaluate
from core.jobs.executor import Executor
from core.jobs.survey_now import survey_now
from core.paths import ROOT
from core.pruning.settings import Pruning
from core.store import batches, queue
from core.store.database import open_store
from core.store.predictions import load
from core.surveys import Survey

IMAGES = 256
RATES = {"unstructured": (0.3, 0.5, 0.7, 0.9), "structured": (0.02, 0.05, 0.1, 0.2), "connection": (0.02, 0.05, 0.1)}
SPECS = [ExperimentSpec(pruning=Pruning(name, rate=rate)) for name, rates in RATES.items() for rate in rates]


def start_worker(cache):
    command = [sys.executable, "-m", "core", "worker", "--device", "cpu"]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PRUNESCOPE_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for(what, seconds=120):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.02)


def finished(store):
    return all(job.state == queue.DONE for job in queue.jobs(store))


def measured(store):
    with store.reading() as db:
        return db.execute("SELECT COALESCE(SUM(count), 0) FROM batches").fetchone()[0]


def kill_at_random(store, cache, times):
    """Start a worker, kill it in the midst of a batch, so many times; then let a last one finish."""
    rng = random.Random(0)
    for _ in range(times):
        worker = start_worker(cache)
        before = measured(store)
        wait_for(lambda: measured(store) > before or finished(store))  # noqa: B023
        time.sleep(rng.uniform(0, 0.6))
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    last = start_worker(cache)
    try:
        wait_for(lambda: finished(store), 300)
    finally:
        last.kill()
        last.wait()


@pytest.fixture
def undisturbed(packs, tmp_path):
    """Another empty store."""
    store = open_store(tmp_path / "undisturbed")
    (store.folder / "packs").symlink_to(packs)
    return store


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_worker_killed_at_20_random_moments_loses_nothing_and_does_nothing_twice(store, cache, undisturbed):
    submission = Executor(store).submit(SPECS, Extent(IMAGES))
    assert len(submission.jobs) == 12  # the dense network and eleven pruned ones
    kill_at_random(store, cache, 20)
    for row in evaluate(undisturbed, SPECS, Extent(IMAGES), "cpu"):
        assert load(store, row["run_id"]).tobytes() == load(undisturbed, row["run_id"]).tobytes()
        assert len(load(store, row["run_id"])) == IMAGES


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_survey_killed_at_five_random_moments_ends_as_if_it_had_not_been(store, cache, undisturbed):
    asked = Survey(Question("gradcam"), images=64)
    Executor(store).survey(SPECS[:3], asked)
    kill_at_random(store, cache, 5)
    for row in survey_now(undisturbed, SPECS[:3], asked, "cpu"):
        tables = [batches.load(one, row["run_id"], asked.kind, asked.measures.rows) for one in (store, undisturbed)]
        assert tables[0].tobytes() == tables[1].tobytes()
        assert len(tables[0]) == 64
