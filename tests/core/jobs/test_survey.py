from __future__ import annotations

import numpy as np
import pytest

from core.data.example import example
from core.experiment import ExperimentSpec
from core.interpretability import inspection
from core.interpretability.measures.agreement import agreement
from core.interpretability.measures.localisation import localisation
from core.interpretability.question import Question
from core.jobs.executor import Executor
from core.jobs.inspected import inspected
from core.jobs.subject import find_subject
from core.jobs.survey_now import survey_now
from core.jobs.worker import work_once
from core.pruning.settings import Pruning
from core.store import queue
from core.store.batches import load
from core.store.database import open_store
from core.store.runs import delete_runs, find_run
from core.surveys import Survey, known_surveys, survey_frame, yardsticks
from tests.retrained import put_retrained, retrained, save_retrained

LOW = ExperimentSpec(pruning=Pruning(rate=0.5))
HIGH = ExperimentSpec(pruning=Pruning("structured", rate=0.15))
ASKED = Survey(Question("gradcam"), images=20)


def rows(store, spec, survey):
    subject = find_subject(spec, store.folder)
    run_id = spec.run_id(subject.network.sha256, subject.fingerprint())
    return load(store, run_id, survey.kind, survey.measures.rows)


def figures(store, survey):
    subject = find_subject(LOW, store.folder)
    shas = subject.network.sha256, subject.fingerprint()
    dense_id = LOW.dense().run_id(*shas)
    return survey_frame(store, survey, *shas).set_index("id"), yardsticks(store, survey, dense_id), dense_id


def test_the_figures_are_those_computed_by_hand(store):
    (row,) = survey_now(store, [LOW], ASKED, "cpu")
    subject = find_subject(LOW, store.folder)
    pack = subject.pack()
    places = pack.order[:20]
    pixels, labels = pack.batch(places), pack.labels[places].tolist()
    maps = [
        inspection.attributions(
            inspected(subject.network, spec, "", store.folder, "cpu"), pixels, labels, ASKED.question
        )
        for spec in (LOW.dense(), LOW)
    ]
    masks = [example(subject.source, subject.preset, int(place)).mask for place in pack.indices[places]]
    expected = agreement(maps[1], maps[0]) | localisation(maps[1], np.stack(masks))
    found = rows(store, LOW, ASKED)
    assert (found["image"] == places).all()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=0.02)  # other batches round differently at ReLUs' kinks
        assert row[name] == pytest.approx(np.nanmean(found[name]), abs=1e-6)
        assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"]


def test_dense_agrees_with_itself_and_the_yardsticks_do_not(store):
    (row,) = survey_now(store, [LOW.dense()], ASKED, "cpu")
    assert all(row[name] == pytest.approx(1) for name in ("spearman", "ssim", "iou", "cosine"))
    assert max(row["randomised"], row["other_image"]) < 0.7
    _, marks, dense_id = figures(store, ASKED)
    assert set(marks) == {"randomised", "other"}
    assert known_surveys(store, dense_id) == [ASKED]


@pytest.mark.slow
def test_the_dense_network_finds_the_object_and_a_randomised_one_does_not(store):
    (row,) = survey_now(store, [LOW.dense()], Survey(Question("gradcam"), images=48), "cpu")
    _, marks, _ = figures(store, ASKED)
    assert row["pointing_low"] > 2 * row["area"]
    assert marks["randomised"]["pointing_low"] < row["area_high"]


@pytest.mark.slow
def test_more_images_and_more_networks_go_on_from_what_is_known(store, packs, tmp_path):
    more = Survey(ASKED.question, images=13)
    list(survey_now(store, [LOW], Survey(ASKED.question, images=5), "cpu"))
    list(survey_now(store, [LOW, HIGH], more, "cpu"))
    other = open_store(tmp_path / "other")
    (other.folder / "packs").symlink_to(packs)
    list(survey_now(other, [LOW, HIGH], more, "cpu"))
    for spec in (LOW.dense(), LOW, HIGH):
        first, second = rows(store, spec, more), rows(other, spec, more)
        assert (first["image"] == second["image"]).all()
        for name in more.measures.measures:  # other batches round differently
            np.testing.assert_allclose(first[name], second[name], atol=0.02)


def test_what_is_known_is_not_asked_again_and_cut_to_what_is_asked(store):
    list(survey_now(store, [LOW], ASKED, "cpu"))
    fewer = Survey(ASKED.question, images=5)
    (row,) = survey_now(store, [LOW], fewer, "cpu")
    assert row["images"] == 5
    assert row["spearman"] == pytest.approx(rows(store, LOW, fewer)["spearman"][:5].mean(), abs=1e-6)
    assert Executor(store).survey([LOW], ASKED) is None
    assert Executor(store).survey([LOW], Survey(ASKED.question, images=5)) is None
    assert Executor(store).survey([LOW, HIGH], ASKED) is not None


def test_each_request_is_a_job_of_its_own_as_large_as_it_was_asked_for(store):
    first = Executor(store).survey([LOW], ASKED)
    second = Executor(store).survey([HIGH], Survey(ASKED.question, images=5))
    assert first.id != second.id
    assert (first.request["images"], second.request["images"]) == (20, 5)
    assert Executor(store).survey([LOW], ASKED).id == first.id


@pytest.mark.slow
def test_a_shorter_survey_ends_where_a_longer_one_was_cancelled(store):
    list(survey_now(store, [LOW], ASKED, "cpu"))
    with store.writing() as db:
        db.execute("UPDATE results SET payload = 'lost' WHERE kind = ?", (ASKED.kind,))
    assert Executor(store).survey([LOW], ASKED) is not None
    (row,) = survey_now(store, [LOW], Survey(ASKED.question, images=10), "cpu")
    assert row["images"] == 10
    assert Executor(store).survey([LOW], ASKED) is None


@pytest.mark.slow
def test_damaged_rows_are_surveyed_again(store):
    list(survey_now(store, [LOW], ASKED, "cpu"))
    before = rows(store, LOW, ASKED)
    with store.writing() as db:
        db.execute("UPDATE batches SET payload = zeroblob(length(payload)) WHERE start = 16 AND kind != 'predictions'")
    assert Executor(store).survey([LOW], ASKED) is not None
    (row,) = survey_now(store, [LOW], ASKED, "cpu")
    assert row["images"] == 20
    np.testing.assert_allclose(rows(store, LOW, ASKED)["spearman"], before["spearman"], atol=0.02)


def test_a_deleted_run_stays_deleted(store):
    Executor(store).survey([LOW, HIGH], ASKED)
    subject = find_subject(LOW, store.folder)
    low, high = (spec.run_id(subject.network.sha256, subject.fingerprint()) for spec in (LOW, HIGH))
    delete_runs(store, [low])
    work_once(store, "cpu")
    assert find_run(store, low) is None
    assert find_run(store, high) is not None
    assert len(rows(store, LOW, ASKED)) == 0
    assert len(rows(store, HIGH, ASKED)) == 20


@pytest.mark.slow
def test_cancelled_it_keeps_its_batches_and_goes_on_from_there(store, monkeypatch):
    job = Executor(store).survey([LOW], ASKED)
    asked = []

    def cancel_at_the_second_batch(db, identity, *rest):
        asked.append(rest)
        if len(asked) == 3:
            db.execute("UPDATE jobs SET cancelling = 1 WHERE id = ?", (identity,))
        return queue.report(db, identity, *rest)

    monkeypatch.setattr("core.jobs.task.report", cancel_at_the_second_batch)
    work_once(store, "cpu")
    monkeypatch.undo()
    assert queue.job(store, job.id).state == queue.CANCELLED
    (row,) = survey_now(store, [LOW], ASKED, "cpu")
    assert row["images"] == 20
    assert len(rows(store, LOW, ASKED)) == 20


FEW = Survey(Question("gradcam"), images=8)


def test_a_retrained_network_and_the_dense_control_are_surveyed_as_their_weights_say(store):
    specs = [LOW, retrained(LOW), retrained(LOW.dense())]
    for spec in specs[1:]:
        put_retrained(store, spec)
    found = list(survey_now(store, specs, FEW, "cpu"))
    low, again, control = (row["spearman"] for row in found)
    assert len({low, again, control}) == 3
    assert 0 < again < 0.999
    assert 0 < control < 0.999
    assert [row["retraining"] for row in found] == [None, *["retrained 2 epochs by SGD"] * 2]
    assert [row["technique"] for row in found] == ["unstructured", "unstructured", None]


def test_networks_without_their_weights_are_told_and_keep_none_of_the_others_from_being_surveyed(store):
    specs = [retrained(LOW), retrained(HIGH), LOW]
    lacking = put_retrained(store, specs[0], weights=False)
    put_retrained(store, specs[1])
    job = Executor(store).survey(specs, FEW)
    work_once(store, "cpu")
    ended = queue.job(store, job.id)
    assert ended.state == queue.FAILED
    assert "1 network of 4 could not be surveyed" in ended.message
    assert lacking in ended.message
    assert "run it again" in ended.message
    assert [len(rows(store, spec, FEW)) for spec in specs] == [0, 8, 8]
    save_retrained(store, specs[0], lacking)
    Executor(store).retry(ended)
    work_once(store, "cpu")
    assert queue.job(store, job.id).state == queue.DONE
    assert len(rows(store, specs[0], FEW)) == 8


@pytest.mark.slow
def test_insertion_and_deletion_are_surveyed_alike(store):
    asked = Survey(Question("saliency"), "faithfulness", images=4)
    (row,) = survey_now(store, [LOW], asked, "cpu")
    assert 0 < row["deletion"] < 1
    assert 0 < row["insertion"] < 1
