from __future__ import annotations

import pytest

from core.evaluation.efficiency import device_in_words
from core.experiment import ExperimentSpec
from core.jobs.executor import EFFICIENCY, Executor, run_of
from core.jobs.foreground import work_through
from core.jobs.subject import find_subject
from core.jobs.worker import work_once
from core.pruning.settings import Pruning
from core.store import queue
from core.store.runs import delete_runs, find_result, find_run, put_result
from tests.retrained import put_retrained, retrained

DENSE = ExperimentSpec()
HALF = ExperimentSpec(pruning=Pruning("structured", rate=0.5))
SPARSE = ExperimentSpec(pruning=Pruning("unstructured", rate=0.5))
SLOW = retrained(HALF)


@pytest.fixture(autouse=True)
def few_repeats(monkeypatch):
    """Two repeats of small batches: what is timed here is of no interest."""
    monkeypatch.setattr("core.evaluation.efficiency.THROUGHPUT_BATCH", 2)
    monkeypatch.setattr("core.evaluation.efficiency.REPEATS", 2)


def run_id(store, spec):
    return run_of(spec, find_subject(spec, store.folder)).id


def results(store, spec):
    return find_result(store, run_id(store, spec), "size"), find_result(store, run_id(store, spec), "speed")


def test_size_and_speed_are_measured_of_the_networks_and_of_the_dense_one(store):
    job = Executor(store).efficiency([HALF, SPARSE])
    work_through(store, [job], "cpu")
    (size, speed), (whole, alone), (_, sparse) = (results(store, spec) for spec in (HALF, DENSE, SPARSE))
    assert whole["parameters"] == size["parameters"] > size["nonzero"] > size["compact"]["parameters"]
    assert whole["macs"] == size["macs"] > size["compact"]["macs"]
    assert speed["device"] == device_in_words("cpu")
    assert speed["latency_low"] <= speed["latency_ms"] <= speed["latency_high"]
    assert speed["compact"]["latency_ms"] < speed["latency_ms"]
    assert sparse["compact"] is None
    assert "single weights" in sparse["why"]
    assert alone["images_per_second"] > 0


def test_what_is_known_on_this_device_is_not_measured_again(store):
    executor = Executor(store)
    work_through(store, [executor.efficiency([HALF])], "cpu")
    assert executor.efficiency([HALF]) is None
    assert len(executor.efficiency([HALF, SPARSE]).request["specs"]) == 1
    elsewhere = {**results(store, HALF)[1], "device": "another machine"}
    with store.writing() as db:
        put_result(db, run_id(store, HALF), "speed", elsewhere)
    again = executor.efficiency([HALF])
    assert [ExperimentSpec.from_json(text) for text in again.request["specs"]] == [HALF]


def test_a_deleted_run_stays_deleted(store):
    job = Executor(store).efficiency([HALF])
    delete_runs(store, [run_id(store, HALF)])
    work_once(store, "cpu")
    assert queue.job(store, job.id).state == queue.DONE
    assert find_run(store, run_id(store, HALF)) is None
    assert results(store, HALF) == (None, None)


def test_cancelled_it_keeps_what_is_measured_and_goes_on_from_there(store, monkeypatch):
    job = Executor(store).efficiency([HALF])
    told = []

    def cancel_at_the_second_network(db, identity, done, *rest):
        told.append(done)
        if done == 1:
            db.execute("UPDATE jobs SET cancelling = 1 WHERE id = ?", (identity,))
        return queue.report(db, identity, done, *rest)

    monkeypatch.setattr("core.jobs.task.report", cancel_at_the_second_network)
    work_once(store, "cpu")
    monkeypatch.undo()
    assert queue.job(store, job.id).state == queue.CANCELLED
    assert results(store, DENSE)[1] is not None
    assert results(store, HALF) == (None, None)
    left = Executor(store).efficiency([HALF])
    assert left.kind == EFFICIENCY
    assert len(left.request["specs"]) == 1


def test_a_retrained_network_is_measured_as_retraining_left_it(store):
    put_retrained(store, SLOW)
    work_through(store, [Executor(store).efficiency([SLOW])], "cpu")
    size, speed = results(store, SLOW)
    assert size["compact"]["macs"] < size["macs"]
    assert speed["compact"] is not None


@pytest.mark.slow
def test_where_weights_are_not_here_the_others_are_measured_and_the_reason_is_told(store):
    put_retrained(store, SLOW, weights=False)
    job = Executor(store).efficiency([SLOW, HALF])
    work_once(store, "cpu")
    ended = queue.job(store, job.id)
    assert ended.state == queue.FAILED
    assert "run it again" in ended.message
    assert results(store, HALF)[1] is not None
    assert results(store, SLOW) == (None, None)
