from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.experiment import ExperimentSpec
from core.jobs.executor import VISUALISE, Executor
from core.jobs.subject import find_subject
from core.jobs.worker import work_once
from core.pruning.settings import Pruning
from core.store import queue
from core.store.database import open_store
from core.store.retrained import SHA, TRAINING, delete_weights, units_folder
from core.store.runs import delete_runs, put_result
from core.visualisation import Visualisation
from core.visualised import Refused, Visualised, find_visualised, known_seconds
from tests.retrained import put_retrained, retrained

DENSE = ExperimentSpec()
REMOVED = ExperimentSpec(pruning=Pruning("structured", rate=0.2))  # without the filter that is asked about
SPARSE = ExperimentSpec(pruning=Pruning("unstructured", rate=0.5))
ASKED = Visualisation("inception4c.branch1.conv", 17, steps=4, size=64)


def run_id(store, spec):
    subject = find_subject(spec, store.folder)
    return spec.run_id(subject.network.sha256, subject.fingerprint())


def found(store, spec, asked=ASKED):
    return find_visualised(store, run_id(store, spec), asked)


def made(store, specs, asked=ASKED):
    job = Executor(store).visualise(specs, asked)
    work_once(store, "cpu")
    return queue.job(store, job.id)


def test_one_job_visualises_the_dense_network_and_the_others_and_keeps_what_it_finds(store):
    job = Executor(store).visualise([SPARSE, REMOVED], ASKED)
    assert job.kind == VISUALISE
    assert "3 networks" in job.title
    assert [found(store, spec) for spec in (DENSE, SPARSE, REMOVED)] == [None, None, None]
    work_once(store, "cpu")
    done = queue.job(store, job.id)
    assert (done.state, done.message) == (queue.DONE, "")
    dense, sparse, removed = (found(store, spec) for spec in (DENSE, SPARSE, REMOVED))
    assert isinstance(dense, Visualised)
    assert (dense.frames[0] == sparse.frames[0]).all()
    assert (dense.frames[-1] != sparse.frames[-1]).any()
    assert isinstance(removed, Refused)
    assert "was removed" in removed.error.given
    assert {one for one, _ in known_seconds(store)} == {ASKED}
    assert Executor(store).visualise([SPARSE, REMOVED], ASKED) is None
    assert Executor(store).visualise([SPARSE], replace(ASKED, sign=-1)) is not None


def test_what_is_kept_is_read_as_it_was_written_by_another_process_too(store):
    made(store, [DENSE])
    first, again = found(store, DENSE), found(open_store(store.folder), DENSE)
    assert (first.frames == again.frames).all()
    assert np.array_equal(first.activations, again.activations)
    assert (first.steps, first.seed, first.attempts) == (ASKED.frames, 0, 1)


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_bytes(file.read_bytes()[:-9])])
def test_damaged_pictures_are_made_again(store, damage):
    made(store, [DENSE])
    before = found(store, DENSE).frames
    (file,) = units_folder(store.folder, run_id(store, DENSE)).glob("visualised-*")
    damage(file)
    assert found(store, DENSE) is None
    made(store, [DENSE])
    assert (found(store, DENSE).frames == before).all()


def test_cancelled_it_keeps_the_networks_that_are_done_and_goes_on_behind_them(store, monkeypatch):
    job = Executor(store).visualise([SPARSE], ASKED)

    def cancel_in_the_second(db, identity, done, *rest):
        if done == ASKED.steps + 2:
            db.execute("UPDATE jobs SET cancelling = 1 WHERE id = ?", (identity,))
        return queue.report(db, identity, done, *rest)

    with monkeypatch.context() as patch:
        patch.setattr("core.jobs.task.report", cancel_in_the_second)
        work_once(store, "cpu")
    assert queue.job(store, job.id).state == queue.CANCELLED
    assert isinstance(found(store, DENSE), Visualised)
    assert found(store, SPARSE) is None
    again = Executor(store).visualise([SPARSE], ASKED)
    assert "1 network" in again.title
    work_once(store, "cpu")
    assert isinstance(found(store, SPARSE), Visualised)


def test_deleted_runs_take_their_pictures_along_and_stay_deleted(store):
    made(store, [SPARSE])
    folder = units_folder(store.folder, run_id(store, SPARSE))
    assert list(folder.iterdir())
    delete_runs(store, [run_id(store, SPARSE)])
    assert not folder.exists()
    job = Executor(store).visualise([SPARSE], replace(ASKED, seed=1))
    delete_runs(store, [run_id(store, SPARSE)])
    work_once(store, "cpu")
    assert queue.job(store, job.id).state == queue.DONE
    assert found(store, SPARSE, replace(ASKED, seed=1)) is None
    assert not folder.exists()


def test_a_network_that_was_retrained_anew_is_visualised_anew(store):
    spec = retrained(SPARSE)
    identity = put_retrained(store, spec)
    with store.writing() as db:
        put_result(db, identity, TRAINING, {SHA: "a" * 64})
    made(store, [spec])
    assert find_visualised(store, identity, ASKED) is not None
    with store.writing() as db:
        put_result(db, identity, TRAINING, {SHA: "b" * 64})
    assert find_visualised(store, identity, ASKED) is None
    assert Executor(store).visualise([spec], ASKED) is not None


def test_a_network_that_is_not_here_is_named_and_keeps_none_of_the_others(store):
    spec = retrained(SPARSE)
    identity = put_retrained(store, spec)
    delete_weights(store.folder, [identity])
    job = made(store, [spec, SPARSE])
    assert job.state == queue.FAILED
    assert "1 network of 3 could not be visualised" in job.message
    assert all(isinstance(found(store, one), Visualised) for one in (DENSE, SPARSE))
