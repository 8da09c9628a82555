from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import squeezenet1_1

from core.errors import BrokenDataError, InvalidSettingError, PrunescopeError
from core.experiment import ExperimentSpec
from core.jobs.executor import Executor
from core.jobs.studied import has_activity, resolved_study
from core.jobs.subject import find_subject
from core.jobs.units_now import units_now
from core.jobs.worker import work_once
from core.pruning.masks import make_masks
from core.pruning.settings import Pruning
from core.store import queue
from core.store.database import open_store
from core.store.retrained import units_folder
from core.store.runs import delete_runs, find_result, find_run
from core.units.results import known_studies, load_units, randomised_figures, study_figures, unit_frame
from core.units.study import Encoding, UnitStudy, study_to_json
from tests.retrained import put_retrained, retrained

DENSE = ExperimentSpec()
PRUNED = ExperimentSpec(pruning=Pruning("structured", rate=0.2))
ASKED = UnitStudy(images=48, explanations=3, tasks=5)


@pytest.fixture
def subject(store):
    return find_subject(DENSE, store.folder)


@pytest.fixture(scope="module")
def found(packs, tmp_path_factory):
    """A store in which the dense and a pruned network were studied, and the rows that were printed."""
    folder = tmp_path_factory.mktemp("studied")
    (folder / "packs").symlink_to(packs)
    store = open_store(folder)
    return store, list(units_now(store, [DENSE, PRUNED], ASKED, "cpu"))


@pytest.fixture
def studied(found, store):
    """A copy of that store which a test may change."""
    shutil.copytree(found[0].folder, store.folder, ignore=shutil.ignore_patterns("packs"), dirs_exist_ok=True)
    return store


def run_id(subject, spec):
    return spec.run_id(subject.network.sha256, subject.fingerprint())


def test_every_unit_of_every_network_is_scored_and_the_removed_ones_are_apart(found, subject):
    _, (dense, pruned) = found
    removed = sum(
        int((mask.flatten(1).sum(1) == 0).sum())
        for name, mask in make_masks(subject.network.module, PRUNED.pruning).items()
        if mask.ndim == 4
    )
    assert dense["units"] == pruned["units"] == 7280 + 24
    assert dense["constant"] == 0
    assert pruned["constant"] == removed > 1000
    assert pruned["live"] + pruned["constant"] == pruned["units"]
    for row in (dense, pruned):
        assert row["mis_low"] <= row["mis"] <= row["mis_high"]
        assert 0.5 < row["hard"] <= 1
        assert row["score"] == "MIS (googlenet features)"


def test_a_network_of_random_weights_says_what_a_score_means(found, subject):
    store, (dense, pruned) = found
    mark = randomised_figures(store, ASKED, run_id(subject, DENSE))
    assert mark["units"] == 7304
    assert dense["randomised"] == pruned["randomised"] == mark["mis"] < dense["mis_low"]
    assert not list(units_folder(store.folder, run_id(subject, DENSE)).glob("randomised"))


def test_the_figures_are_those_of_the_units(found, subject):
    store, (row, pruned) = found
    frame = unit_frame(load_units(store, row["run_id"], ASKED), ASKED)
    assert row["mis"] == pytest.approx(frame["mis"].mean(), abs=1e-6)
    assert row["hard"] == pytest.approx(frame["hard"].mean(), abs=1e-6)
    assert row["median"] == pytest.approx(frame["mis"].median(), abs=1e-6)
    of_layers = frame.groupby("layer")["mis"].mean()
    assert {name: values["mis"] for name, values in row["layers"].items()} == pytest.approx(
        of_layers.to_dict(), abs=1e-6
    )
    assert set(study_figures(store, ASKED, subject.network.sha256, subject.fingerprint())) == {
        row["run_id"],
        pruned["run_id"],
    }
    assert known_studies(store, row["run_id"]) == [ASKED]


def test_what_is_known_is_not_asked_again(studied, subject):
    store, executor = studied, Executor(studied)
    assert executor.units([PRUNED], ASKED) is None
    assert executor.units([DENSE, PRUNED], ASKED, activity=True) is None
    shutil.rmtree(units_folder(store.folder, run_id(subject, PRUNED)))
    assert executor.units([PRUNED], ASKED) is None
    job = executor.units([PRUNED], ASKED, activity=True)
    assert len(job.request["specs"]) == 1
    assert work_once(store, "cpu").id == job.id
    assert has_activity(store, run_id(subject, PRUNED), ASKED)


def test_damaged_units_are_scored_again_to_the_same(found, studied, subject):
    store, (first, _) = studied, found[1]
    with store.writing() as db:
        db.execute("UPDATE batches SET payload = zeroblob(length(payload)) WHERE kind = ?", (ASKED.kind,))
    assert list(units_now(store, [DENSE], ASKED, "cpu")) == [first]
    assert len(load_units(store, run_id(subject, DENSE), ASKED)) == 7304


def test_cancelled_it_keeps_the_networks_that_are_done_and_goes_on_with_the_others(store, subject, monkeypatch):
    def cancel_in_the_pruned_network(db, identity, done, *rest):
        if done > 3 * ASKED.images:  # the encoder, the dense and the randomised network
            db.execute("UPDATE jobs SET cancelling = 1 WHERE id = ?", (identity,))
        return queue.report(db, identity, done, *rest)

    executor = Executor(store)
    job = executor.units([PRUNED], ASKED)
    with monkeypatch.context() as patched:
        patched.setattr("core.jobs.task.report", cancel_in_the_pruned_network)
        work_once(store, "cpu")
    assert queue.job(store, job.id).state == queue.CANCELLED
    assert find_result(store, run_id(subject, DENSE), ASKED.kind)
    assert find_result(store, run_id(subject, PRUNED), ASKED.kind) is None
    again = executor.units([PRUNED], ASKED)
    assert len(again.request["specs"]) == 1
    work_once(store, "cpu")
    assert find_result(store, run_id(subject, PRUNED), ASKED.kind)


def test_a_run_that_is_deleted_stays_deleted(store, subject):
    job = Executor(store).units([PRUNED], ASKED)
    delete_runs(store, [run_id(subject, PRUNED)])
    work_once(store, "cpu")
    assert queue.job(store, job.id).state == queue.DONE
    assert find_run(store, run_id(subject, PRUNED)) is None
    assert not units_folder(store.folder, run_id(subject, PRUNED)).exists()


def test_deleting_a_run_deletes_what_was_seen_of_its_units(studied, subject):
    store = studied
    assert units_folder(store.folder, run_id(subject, DENSE)).is_dir()
    delete_runs(store, [run_id(subject, DENSE)])
    assert not units_folder(store.folder, run_id(subject, DENSE)).exists()


def test_a_network_without_its_weights_keeps_none_of_the_others_from_being_scored(studied, subject):
    store, elsewhere, other = studied, retrained(PRUNED), replace(PRUNED, pruning=Pruning(rate=0.9))
    put_retrained(store, elsewhere, weights=False)
    rows, asked = [], units_now(store, [elsewhere, DENSE, other], ASKED, "cpu")
    with pytest.raises(PrunescopeError, match="1 network of 2 could not be studied"):
        rows.extend(asked)
    assert [row["run_id"] for row in rows] == [run_id(subject, DENSE), run_id(subject, other)]
    assert find_result(store, run_id(subject, other), ASKED.kind)
    assert find_result(store, run_id(subject, elsewhere), ASKED.kind) is None


def test_fewer_images_than_asked_for_make_a_study_of_those_there_are(store, subject):
    assert resolved_study(UnitStudy(images=5000), subject) == UnitStudy(images=2000)


def test_an_encoder_that_there_is_not_is_refused_before_anything_is_queued(store):
    executor = Executor(store)
    with pytest.raises(PrunescopeError, match="no-such-file"):
        executor.units([DENSE], UnitStudy(encoding=Encoding("squeezenet", "/tmp/no-such-file.safetensors")))
    with pytest.raises(InvalidSettingError, match="alexnet"):
        executor.units([DENSE], UnitStudy(encoding=Encoding("alexnet")))
    assert executor.list() == []


@pytest.fixture
def encoder_file(tmp_path):
    """Return a function that writes random weights of SqueezeNet to one file."""

    def write(seed):
        torch.manual_seed(seed)
        save_file(squeezenet1_1().state_dict(), tmp_path / "squeezenet.safetensors")
        return str(tmp_path / "squeezenet.safetensors")

    return write


def test_an_encoder_that_changes_before_its_job_begins_scores_nothing(store, subject, encoder_file):
    asked = replace(ASKED, encoding=Encoding("squeezenet", encoder_file(0)))
    job = Executor(store).units([DENSE], asked)
    encoder_file(1)
    work_once(store, "cpu")
    failed = queue.job(store, job.id)
    assert failed.state == queue.FAILED
    assert "has changed since the study was asked for" in failed.message
    assert known_studies(store, run_id(subject, DENSE)) == []


def test_a_study_that_is_known_is_not_asked_of_other_weights(store, subject, encoder_file):
    study = resolved_study(replace(ASKED, encoding=Encoding("squeezenet", encoder_file(0))), subject)
    assert resolved_study(study, subject) == study
    encoder_file(1)
    with pytest.raises(BrokenDataError, match=f"has changed.*begins with {study.encoding.sha[:8]}.*put the file back"):
        Executor(store).units([PRUNED], study)
    assert Executor(store).list() == []


def test_the_request_of_a_job_says_the_study_as_it_was_resolved(store):
    job = Executor(store).units([DENSE], UnitStudy(images=5000))
    assert job.request["study"] == study_to_json(UnitStudy(images=2000))
