from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from core.errors import BrokenDataError, InvalidSettingError, MissingFileError
from core.experiment import ExperimentSpec, Extent, with_controls
from core.jobs.evaluate import evaluate
from core.jobs.executor import Executor
from core.jobs.pruned import pruned_network
from core.jobs.retraining import TRAINING
from core.jobs.subject import resolved
from core.jobs.worker import work_once
from core.networks.registry import load_network
from core.pruning.settings import Pruning
from core.store import queue
from core.store.predictions import load
from core.store.retrained import checkpoint_folder, has_weights, weights_folder
from core.store.runs import find_result, find_run, put_result, runs_frame
from core.training.retraining import Retraining
from core.training.weights import WEIGHTS, Weights, load_weights, save_weights

TINY = Retraining(images=32, epochs=1, batch=8, size=0.375)
SPEC = ExperimentSpec(pruning=Pruning("structured", rate=0.3), retraining=TINY)
EXTENT = Extent(32)


def rows(store, *specs):
    return list(evaluate(store, specs, EXTENT, "cpu"))


def test_a_retrained_run_is_measured_on_its_own_weights(store):
    _, before, after = rows(store, SPEC.unretrained(), SPEC)
    pruned = pruned_network(load_network("demo"), resolved(SPEC), after["run_id"], store.folder)
    weights = dict(pruned.module.named_parameters())
    assert pruned.masks and all(not weights[name][~mask].any() for name, mask in pruned.masks.items())
    assert after["sparsity"] == before["sparsity"] == after["sparsity_before"]
    assert after["epochs"] == 1 and after["seconds"] > 0
    assert load(store, after["run_id"]).tobytes() != load(store, before["run_id"]).tobytes()


def test_the_dense_control_is_a_run_of_its_own(store):
    found = rows(store, *with_controls([SPEC]))
    assert [row["technique"] for row in found] == [None, None, "structured"]
    assert len({row["run_id"] for row in found}) == 3
    assert found[1]["sparsity"]["all"] == 0 and found[1]["retraining"] == "retrained 1 epoch by SGD"


def test_weights_that_are_not_held_grow_back_and_are_counted_as_they_are(store):
    free = replace(SPEC, pruning=Pruning("connection", rate=0.5), retraining=replace(TINY, held=False))
    _, after = rows(store, free)
    assert after["sparsity_before"]["prunable"] > 0.4
    assert after["sparsity"]["prunable"] < 0.01


def test_what_is_retrained_is_not_trained_again(store):
    first = rows(store, SPEC)[-1]
    assert Executor(store).submit([SPEC], EXTENT).jobs == ()
    job = Executor(store).submit([SPEC], Extent(64)).jobs[-1]
    stamp = (weights_folder(store.folder, first["run_id"]) / WEIGHTS).stat().st_mtime_ns
    while work_once(store, "cpu"):
        pass
    assert queue.job(store, job.id).state == queue.DONE
    assert (weights_folder(store.folder, first["run_id"]) / WEIGHTS).stat().st_mtime_ns == stamp


def test_weights_that_are_not_here_are_missed_and_can_be_made_anew(store):
    run_id = rows(store, SPEC)[-1]["run_id"]
    first = load_weights(store.folder, run_id).state
    (weights_folder(store.folder, run_id) / WEIGHTS).unlink()
    with pytest.raises(MissingFileError, match="run it again"):
        pruned_network(load_network("demo"), resolved(SPEC), run_id, store.folder)
    (job,) = Executor(store).remake([SPEC])
    work_once(store, "cpu")
    assert queue.job(store, job.id).state == queue.DONE
    again = load_weights(store.folder, run_id).state
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert Executor(store).remake([SPEC]) == ()


def test_figures_of_other_weights_are_forgotten(store):
    run_id = rows(store, SPEC)[-1]["run_id"]
    predictions = load(store, run_id).tobytes()
    (weights_folder(store.folder, run_id) / WEIGHTS).unlink()
    with store.writing() as db:
        put_result(db, run_id, TRAINING, {"weights_sha256": "of another machine"})
        put_result(db, run_id, "survey/of those weights", {"images": 10})
    Executor(store).remake([SPEC])
    work_once(store, "cpu")
    assert load(store, run_id).tobytes() == predictions
    assert find_result(store, run_id, "survey/of those weights") is None
    assert find_result(store, run_id, TRAINING)["epochs"] == 1


def test_an_epoch_is_told_as_soon_as_it_is_done(store):
    run_id = rows(store, SPEC)[-1]["run_id"]
    told = find_result(store, run_id, TRAINING)
    assert [row["epoch"] for row in told["rows"]] == [0, 1]
    frame = runs_frame(store).set_index("id")
    assert frame.loc[run_id, "epochs"] == 1
    assert frame.loc[run_id, "training_images_per_second"] > 0
    assert not checkpoint_folder(store.folder, run_id).exists()


def test_training_images_that_changed_are_refused(store):
    spec = resolved(SPEC)
    changed = replace(spec, retraining=replace(spec.retraining, images=16))
    submission = Executor(store).submit([SPEC], EXTENT)
    run = find_run(store, submission.run_ids[-1])
    with store.writing() as db:
        db.execute("UPDATE runs SET spec = ? WHERE id = ?", (changed.to_json(), run.id))
    while work_once(store, "cpu"):
        pass
    job = queue.job(store, queue.job_id("accuracy", run.id))
    assert job.state == queue.FAILED and "changed since this run was asked for" in job.message
    assert not has_weights(store.folder, run.id)


def test_data_without_a_training_part_says_how_to_name_one(store, tmp_path):
    with pytest.raises(InvalidSettingError, match="--train-data"):
        resolved(replace(SPEC, data=str(tmp_path)))


def test_damaged_weights_are_named(store):
    network = load_network("demo")
    save_weights(store.folder, "abc", Weights(network.module.state_dict(), {}))
    assert load_weights(store.folder, "abc").masks == {}
    path = weights_folder(store.folder, "abc") / WEIGHTS
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(BrokenDataError, match="damaged"):
        load_weights(store.folder, "abc")
