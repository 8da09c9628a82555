from __future__ import annotations

import numpy as np
import pytest
import torch

from core.evaluation.accuracy import accuracy, half_width
from core.evaluation.inference import folded_copy, forward
from core.experiment import ExperimentSpec, Extent
from core.jobs.evaluate import evaluate
from core.jobs.executor import Executor
from core.jobs.subject import find_subject
from core.jobs.worker import work_once
from core.networks.registry import load_network
from core.pruning.settings import Pruning
from core.store import queue
from core.store.database import open_store
from core.store.predictions import load
from core.store.runs import find_result

SPEC = ExperimentSpec(pruning=Pruning("structured", rate=0.05))


def rows(store, extent, *specs):
    return list(evaluate(store, specs or [SPEC], extent, "cpu"))


def ids(found):
    return [row["run_id"] for row in found]


def work_all(store):
    while work_once(store, "cpu"):
        pass


@pytest.mark.parametrize("images", [50, pytest.param(500, marks=pytest.mark.slow)])
def test_a_longer_run_continues_a_shorter_one_bit_for_bit(store, packs, tmp_path, images):
    rows(store, Extent(images))
    longer = rows(store, Extent(2 * images))
    other = open_store(tmp_path / "other")
    (other.folder / "packs").symlink_to(packs)
    at_once = rows(other, Extent(2 * images))
    for one in ids(longer):
        assert load(store, one).tobytes() == load(other, one).tobytes()
    drop = {"images_per_second"}
    assert [{k: v for k, v in row.items() if k not in drop} for row in longer] == [
        {k: v for k, v in row.items() if k not in drop} for row in at_once
    ]


def test_figures_are_over_exactly_the_images_asked_for(store):
    found = rows(store, Extent(50))
    assert [row["images"] for row in found] == [50, 50]
    assert [find_result(store, one, "accuracy")["images"] for one in ids(found)] == [50, 50]
    assert [row["images"] for row in rows(store, Extent(20))] == [20, 20]


def test_dense_comes_first_and_the_pruned_one_is_compared_with_it_on_the_same_images(store):
    dense, pruned = rows(store, Extent(64))
    assert (dense["rate"], dense["technique"]) == (0.0, None)
    first, second = load(store, dense["run_id"]), load(store, pruned["run_id"])
    assert (first["image"] == second["image"]).all()
    assert pruned["change"] == pytest.approx(pruned["top1"] - dense["top1"])
    assert pruned["paired_images"] == 64


def test_what_is_known_is_not_measured_again(store):
    rows(store, Extent(50))
    submission = Executor(store).submit([SPEC], Extent(40))
    assert submission.jobs == ()
    assert len(submission.run_ids) == 2


def test_it_stops_when_it_is_as_precise_as_asked(store):
    found = rows(store, Extent(precision=0.08))
    for row in found:
        figures = find_result(store, row["run_id"], "accuracy")
        assert half_width(figures) <= 0.08
        predictions = load(store, row["run_id"])
        assert half_width(accuracy(predictions[:-32])) > 0.08
    assert all(row["images"] < 2000 for row in found)


def test_a_cancelled_run_keeps_what_it_has_and_goes_on_later(store):
    executor = Executor(store)
    _, job = executor.submit([SPEC], Extent(100)).jobs
    executor.cancel([job.id])
    work_all(store)
    assert executor.status(job.id).state == queue.CANCELLED
    executor.retry(executor.status(job.id))
    work_all(store)
    assert executor.status(job.id).state == queue.DONE


def test_a_run_whose_weights_changed_fails_with_the_reason_and_others_go_on(store):
    executor = Executor(store)
    submission = executor.submit([SPEC], Extent(32))
    with store.writing() as db:
        db.execute("UPDATE runs SET network_sha = 'other' WHERE id = ?", (submission.run_ids[0],))
    work_all(store)
    states = {job.subject: job for job in executor.list()}
    failed = states[submission.run_ids[0]]
    assert failed.state == queue.FAILED
    assert "changed since" in failed.message
    assert "changed since" in executor.logs(failed.id)
    assert states[submission.run_ids[1]].state == queue.DONE


def test_damaged_results_are_measured_again(store):
    (dense, _) = rows(store, Extent(64))
    before = load(store, dense["run_id"])
    with store.writing() as db:
        db.execute("UPDATE batches SET payload = zeroblob(length(payload)) WHERE start = 32")
    again = rows(store, Extent(64))
    assert again[0]["images"] == 64
    assert load(store, dense["run_id"]).tobytes() == before.tobytes()


@pytest.mark.slow
def test_folding_changes_no_decision_and_logits_by_less_than_1e_4(packs):
    network = load_network("demo")
    pack = find_subject(ExperimentSpec(), packs.parent).packed()
    folded = folded_copy(network.module)
    for places in np.split(pack.order[:1000], 20):
        inputs = network.inputs(torch.from_numpy(pack.batch(places)))
        with torch.inference_mode():
            plain = network.module(inputs)
        fast = forward(folded, inputs)
        assert torch.allclose(plain, fast, atol=1e-4)
        assert torch.equal(plain.argmax(1), fast.argmax(1))
