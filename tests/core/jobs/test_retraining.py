from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from filelock import Timeout

from core.errors import BrokenDataError, CancelledError, InvalidSettingError, MissingFileError
from core.experiment import ExperimentSpec, Extent, with_controls
from core.jobs.devices import device_lock
from core.jobs.evaluate import evaluate
from core.jobs.executor import Executor
from core.jobs.pruned import pruned_network
from core.jobs.retraining import ensure_retrained, retrain_together
from core.jobs.subject import find_subject, resolved
from core.jobs.task import Task
from core.jobs.worker import work_once
from core.networks.network import weights_sha256
from core.networks.registry import load_network
from core.pruning.settings import Pruning
from core.results import find_detail
from core.store import queue
from core.store.predictions import load
from core.store.retrained import LIVE, TRAINING, checkpoint_folder, has_weights, units_folder, weights_folder
from core.store.runs import delete_runs, find_result, find_run, put_result, runs_frame
from core.training.retraining import Retraining
from core.training.weights import WEIGHTS, Weights, load_weights, save_weights

TINY = Retraining(images=32, epochs=1, batch=8, size=0.375)
SPEC = ExperimentSpec(pruning=Pruning("structured", rate=0.3), retraining=TINY)
CALIBRATED = replace(SPEC, retraining=Retraining(images=32, epochs=0, optimiser="none", batch=8))
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


@pytest.mark.slow
def test_what_is_retrained_is_not_trained_again(store):
    first = rows(store, SPEC)[-1]
    assert Executor(store).submit([SPEC], EXTENT).jobs == ()
    job = Executor(store).submit([SPEC], Extent(64)).jobs[-1]
    stamp = (weights_folder(store.folder, first["run_id"]) / WEIGHTS).stat().st_mtime_ns
    while work_once(store, "cpu"):
        pass
    assert queue.job(store, job.id).state == queue.DONE
    assert (weights_folder(store.folder, first["run_id"]) / WEIGHTS).stat().st_mtime_ns == stamp


@pytest.mark.slow
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


@pytest.mark.slow
def test_figures_of_other_weights_are_forgotten(store):
    run_id = rows(store, SPEC)[-1]["run_id"]
    predictions = load(store, run_id).tobytes()
    (weights_folder(store.folder, run_id) / WEIGHTS).unlink()
    with store.writing() as db:
        put_result(db, run_id, TRAINING, {"weights_sha256": "of another machine"})
        put_result(db, run_id, "survey/of those weights", {"images": 10})
    units_folder(store.folder, run_id).mkdir(parents=True)
    Executor(store).remake([SPEC])
    work_once(store, "cpu")
    assert load(store, run_id).tobytes() == predictions
    assert find_result(store, run_id, "survey/of those weights") is None
    assert not units_folder(store.folder, run_id).exists()
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


def assert_of_one_network(store, run_id, spec):
    """All that is known of a run is of the weights that are here."""
    predictions, state = load(store, run_id), load_weights(store.folder, run_id).state
    assert find_result(store, run_id, TRAINING)["weights_sha256"] == weights_sha256(state)
    with store.writing() as db:
        db.execute("DELETE FROM batches WHERE run_id = ?", (run_id,))
        db.execute("DELETE FROM results WHERE run_id = ? AND kind = 'accuracy'", (run_id,))
    assert rows(store, spec)[-1]["run_id"] == run_id
    again = load(store, run_id)
    assert again.tobytes() == predictions[: len(again)].tobytes()


@pytest.mark.slow
def test_killed_before_the_weights_are_written_nothing_of_other_weights_is_left(store, monkeypatch):
    run_id = rows(store, CALIBRATED)[-1]["run_id"]
    (weights_folder(store.folder, run_id) / WEIGHTS).unlink()
    with store.writing() as db:
        put_result(db, run_id, TRAINING, {"weights_sha256": "of another machine"})
        db.execute("UPDATE runs SET shipped = 1")

    def killed(*_):
        raise KeyboardInterrupt

    Executor(store).remake([CALIBRATED])
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("core.jobs.retraining.save_weights", killed)
        work_once(store, "cpu")
    assert not has_weights(store.folder, run_id)
    assert find_result(store, run_id, "accuracy") is None and not len(load(store, run_id))
    assert not find_run(store, run_id).shipped
    work_once(store, "cpu")
    assert_of_one_network(store, run_id, CALIBRATED)


@pytest.mark.slow
@pytest.mark.parametrize("known", [{"weights_sha256": "of another machine"}, {}])
def test_weights_that_the_figures_are_not_of_are_made_again(store, known):
    run_id = rows(store, CALIBRATED)[-1]["run_id"]
    wrong = load_weights(store.folder, run_id)
    save_weights(store.folder, run_id, replace(wrong, state={name: 2 * one for name, one in wrong.state.items()}))
    with store.writing() as db:
        put_result(db, run_id, TRAINING, known)
    row = list(evaluate(store, [CALIBRATED], Extent(64), "cpu"))[-1]
    assert (row["epochs"], row["images"]) == (0, 64)
    assert_of_one_network(store, run_id, CALIBRATED)


@pytest.mark.slow
def test_what_was_told_of_a_cancelled_remake_is_not_the_history_of_the_network(store):
    run_id = rows(store, SPEC)[-1]["run_id"]
    (weights_folder(store.folder, run_id) / WEIGHTS).unlink()
    whole = find_result(store, run_id, TRAINING)
    subject = find_subject(SPEC, store.folder)

    def cancel(done, total, what):
        if done == total and find_result(store, run_id, LIVE):  # at the end, once the history is told
            raise CancelledError("cancelled")

    with pytest.raises(CancelledError):
        ensure_retrained(store, find_run(store, run_id), resolved(SPEC), subject, "cpu", cancel)
    assert find_result(store, run_id, TRAINING) == whole
    assert find_result(store, run_id, LIVE)["rows"] != whole["rows"]
    detail = find_detail(store, run_id, subject.network.classes)
    assert (detail.training.to_json()["rows"], detail.live) == (whole["rows"], False)
    Executor(store).remake([SPEC])
    assert find_detail(store, run_id, subject.network.classes).live
    work_once(store, "cpu")
    assert find_result(store, run_id, LIVE) is None


def test_a_run_that_is_deleted_while_it_is_trained_ends_its_job_and_leaves_nothing(store, monkeypatch):
    monkeypatch.setattr("core.training.watch.TELL_EVERY", 0.0)
    run_id = Executor(store).submit([SPEC], EXTENT).run_ids[-1]
    job = queue.claim(store, "cpu", [queue.job_id("accuracy", run_id)])

    def delete(done, total, what):
        if what.startswith("training"):
            delete_runs(store, [run_id])
        Task(store, job, "cpu").tell(done, total, what)

    with pytest.raises(CancelledError, match="was deleted"):
        ensure_retrained(
            store, find_run(store, run_id), resolved(SPEC), find_subject(SPEC, store.folder), "cpu", delete
        )
    assert not checkpoint_folder(store.folder, run_id).exists()
    assert find_result(store, run_id, LIVE) is None and not has_weights(store.folder, run_id)


def test_training_together_keeps_workers_off_the_device(store):
    held = []

    def look(done, total, what):
        if what.startswith("re-calibrating"):
            with pytest.raises(Timeout):
                device_lock(store, "cpu").acquire(timeout=0)
            held.append(what)

    retrain_together(store, [resolved(CALIBRATED)], "cpu", look)
    assert held
    device_lock(store, "cpu").acquire(timeout=0).lock.release()


def test_images_that_changed_are_noticed_before_anything_is_trained(store):
    run_id = Executor(store).submit([SPEC], EXTENT).run_ids[-1]
    with store.writing() as db:
        db.execute("UPDATE runs SET data_sha = 'other' WHERE id = ?", (run_id,))
    while work_once(store, "cpu"):
        pass
    job = queue.job(store, queue.job_id("accuracy", run_id))
    assert job.state == queue.FAILED and "press Run with the settings of now" in job.message
    assert not has_weights(store.folder, run_id)


def test_damaged_weights_are_named(store):
    network = load_network("demo")
    save_weights(store.folder, "abc", Weights(network.module.state_dict(), {}))
    assert load_weights(store.folder, "abc").masks == {}
    path = weights_folder(store.folder, "abc") / WEIGHTS
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(BrokenDataError, match="damaged"):
        load_weights(store.folder, "abc")
