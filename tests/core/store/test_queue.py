from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import CancelledError, StorageError
from core.store import queue
from core.store.database import open_store


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path)


def add(store, *subjects, **request):
    return [queue.enqueue(store, "accuracy", subject, subject, request) for subject in subjects]


def test_jobs_are_claimed_in_the_order_they_were_asked_for(store):
    add(store, "b", "a", "c")
    assert [queue.claim(store, "cpu").subject for _ in range(3)] == ["b", "a", "c"]
    assert queue.claim(store, "cpu") is None


def test_asking_twice_gives_one_job_that_keeps_its_place(store):
    add(store, "a", "b")
    add(store, "a", images=7)
    first = queue.claim(store, "cpu")
    assert (first.subject, first.request) == ("a", {"images": 7})
    assert len(queue.jobs(store)) == 2


def test_many_claim_at_once_and_each_job_is_had_once(store):
    add(store, *(str(i) for i in range(40)))
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda _: queue.claim(store, "cpu"), range(60)))
    subjects = [job.subject for job in claimed if job]
    assert sorted(subjects) == sorted(str(i) for i in range(40))


def test_a_dead_workers_job_goes_back_to_its_place(store):
    add(store, "a", "b")
    queue.claim(store, "cpu")
    assert queue.requeue_orphans(store, "cuda:0") == 0
    assert queue.requeue_orphans(store, "cpu") == 1
    assert queue.claim(store, "cpu").subject == "a"


def test_cancelling_ends_what_is_queued_and_asks_what_runs(store):
    running, waiting = add(store, "a", "b")
    queue.claim(store, "cpu")
    queue.cancel(store, [running.id, waiting.id])
    assert queue.job(store, waiting.id).state == queue.CANCELLED
    row = queue.job(store, running.id)
    assert row.state == queue.RUNNING
    assert row.cancelling


def test_a_job_asked_for_more_while_it_runs_is_queued_again_when_done(store):
    add(store, "a", images=5)
    running = queue.claim(store, "cpu")
    add(store, "a", images=9)
    queue.finish(store, running, queue.DONE)
    again = queue.claim(store, "cpu")
    assert again.request == {"images": 9}
    queue.finish(store, again, queue.DONE)
    assert queue.job(store, again.id).state == queue.DONE


def test_open_jobs_are_not_forgotten(store):
    (job,) = add(store, "a")
    queue.forget(store, [job.id])
    assert queue.job(store, job.id) is not None
    queue.cancel(store, [job.id])
    queue.forget(store, [job.id])
    assert queue.job(store, job.id) is None


def test_progress_tells_the_share_and_the_time_left(store):
    add(store, "a")
    job = queue.claim(store, "cpu")
    with store.writing() as db:
        row = queue.report(db, job.id, 25, 100, 5.0, "evaluating")
    assert row.share == 0.25
    assert row.seconds_left == 15.0


def test_a_job_whose_run_was_deleted_is_told_to_stop(store):
    add(store, "a")
    job = queue.claim(store, "cpu")
    with store.writing() as db:
        db.execute("DELETE FROM jobs")
    with pytest.raises(CancelledError, match="was deleted"), store.writing() as db:
        queue.report(db, job.id, 25, 100, 5.0, "evaluating")


def test_an_error_inside_a_transaction_writes_nothing(store):
    with pytest.raises(sqlite3.IntegrityError), store.writing() as db:
        db.execute("INSERT INTO results VALUES ('a', 'accuracy', '{}', '', 0)")
        db.execute("INSERT INTO results VALUES ('a', 'accuracy', '{}', '', 0)")
    with store.reading() as db:
        assert db.execute("SELECT COUNT(*) FROM results").fetchone()[0] == 0


def test_a_store_of_a_newer_version_is_refused(store):
    with store.writing() as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageError, match=r"format 99.*update"):
        open_store(store.folder)


def test_a_folder_that_cannot_be_made_is_named_with_the_mend(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="PRUNESCOPE_CACHE"):
        open_store(tmp_path / "file" / "cache")
