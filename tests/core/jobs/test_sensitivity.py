from __future__ import annotations

import pytest

from core.experiment import ExperimentSpec, Extent
from core.jobs.evaluate import evaluate
from core.jobs.executor import Executor
from core.jobs.scan_now import scan_now
from core.jobs.subject import find_subject
from core.jobs.worker import work_once
from core.layer_names import LAYERS
from core.pruning.settings import Pruning
from core.sensitivity import Scan, known_points
from core.store import queue
from core.store.runs import delete_runs, find_run

SPEC, PART = ExperimentSpec(), 8
SCANNED = ("inception3b.branch2.1.conv", "inception4d.branch1.conv", "inception5b.branch3.0.conv")
BASE = Pruning("structured", exclude=tuple(name for name in LAYERS if name not in SCANNED))
SCAN = Scan(BASE, (0.02, 0.5, 0.9), 24)
LATE = Scan(Pruning(exclude=LAYERS[:-3]), (0.5, 0.9), 2 * PART)  # of the last two layers: little to run again


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Let several parts be few images."""
    monkeypatch.setattr("core.sensitivity.PART", PART)


def dense_id(store):
    subject = find_subject(SPEC, store.folder)
    return SPEC.run_id(subject.network.sha256, subject.fingerprint())


def points(store, scan):
    return known_points(store, dense_id(store), scan, 2000)


def test_each_point_is_what_the_plain_evaluation_says(store):
    table = scan_now(store, SPEC, SCAN, "cpu").set_index(["layer", "rate"])
    assert list(table.index) == [(name, rate) for name in SCANNED for rate in SCAN.rates]
    prunings = [SCAN.pruning(name, rate) for name, rate in (table.index[1], table.index[5], table.index[8])]
    specs = [ExperimentSpec(pruning=pruning) for pruning in prunings]
    dense, *plain = evaluate(store, specs, Extent(24), "cpu")
    assert set(table["dense"]) == {dense["top1"]}
    for pruning, row in zip(prunings, plain, strict=True):
        (place,) = ((name, rate) for name, rate in pruning.rates.items() if rate)
        for figure in ("images", "top1", "change", "change_low", "change_high", "mcnemar_p"):
            assert table.loc[place, figure] == pytest.approx(row[figure])
    assert table["change"].min() < -0.1  # there is something to see


def test_a_rate_that_removes_nothing_changes_nothing(store):
    few = Scan(Pruning("structured", exclude=BASE.exclude), (0.001,), 10)
    table = scan_now(store, SPEC, few, "cpu")
    assert not table[["lost", "gained", "change"]].any(axis=None)


def test_more_images_go_on_from_what_is_known_and_nothing_is_asked_twice(store):
    scan_now(store, SPEC, Scan(LATE.base, LATE.rates, PART), "cpu")
    first = points(store, LATE)
    assert len(first) == LATE.points
    table = scan_now(store, SPEC, LATE, "cpu")
    assert points(store, LATE)[: LATE.points].tobytes() == first.tobytes()
    assert set(table["images"]) == {2 * PART}
    assert Executor(store).sensitivity(SPEC, LATE) is None
    assert Executor(store).sensitivity(SPEC, Scan(LATE.base, LATE.rates, PART)) is None
    assert Executor(store).sensitivity(SPEC, Scan(LATE.base, (0.5,), PART)) is not None


def test_cancelled_it_keeps_its_points_and_goes_on_from_there(store, monkeypatch):
    job = Executor(store).sensitivity(SPEC, LATE)

    def cancel_after_five(db, identity, *rest):
        if len(points(store, LATE)) == 4:  # and this transaction writes the fifth
            db.execute("UPDATE jobs SET cancelling = 1 WHERE id = ?", (identity,))
        return queue.report(db, identity, *rest)

    with monkeypatch.context() as patch:
        patch.setattr("core.jobs.task.report", cancel_after_five)
        work_once(store, "cpu")
    assert queue.job(store, job.id).state == queue.CANCELLED
    before = points(store, LATE)
    assert len(before) == 5
    table = scan_now(store, SPEC, LATE, "cpu")
    assert points(store, LATE)[:5].tobytes() == before.tobytes()
    assert set(table["images"]) == {2 * PART}


def test_damaged_points_are_measured_again(store):
    scan_now(store, SPEC, LATE, "cpu")
    before = points(store, LATE)
    with store.writing() as db:
        db.execute("UPDATE batches SET payload = zeroblob(length(payload)) WHERE kind = ? AND start = 3", (LATE.kind,))
    assert Executor(store).sensitivity(SPEC, LATE) is not None
    assert len(points(store, LATE)) == 3
    scan_now(store, SPEC, LATE, "cpu")
    assert points(store, LATE).tobytes() == before.tobytes()


def test_a_deleted_run_stays_deleted(store):
    job = Executor(store).sensitivity(SPEC, LATE)
    delete_runs(store, [dense_id(store)])
    work_once(store, "cpu")
    assert queue.job(store, job.id).state == queue.FAILED
    assert "deleted" in queue.job(store, job.id).message
    assert find_run(store, dense_id(store)) is None
    assert len(points(store, LATE)) == 0


def test_progress_rises_to_the_end_and_tells_the_time_left(store):
    job = Executor(store).sensitivity(SPEC, Scan(LATE.base, LATE.rates, PART))
    work_once(store, "cpu")
    done = queue.job(store, job.id)
    assert done.state == queue.DONE
    assert done.done == done.total > 0
    assert done.speed > 0
