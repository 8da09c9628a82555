"""The download as a job: it tells how far it is, stops when asked, and goes on where it stopped."""

from __future__ import annotations

import pytest

from core.data.imagenette import ARCHIVE, fetch_imagenette
from core.jobs import fetching
from core.jobs.executor import Executor
from core.jobs.worker import work_once
from core.store import queue
from tests.core.data.images import save


@pytest.fixture
def telling(monkeypatch):
    """What a download of 100 MB tells, twice, in place of one: `during` is called in its middle."""

    def install(during):
        def fetch(folder, progress):
            progress(40_000_000, 100_000_000, "downloading x")
            during()
            progress(60_000_000, 100_000_000, "downloading x")
            progress(1_000_000, 100_000_000, "unpacking x")

        monkeypatch.setattr(fetching, "fetch_imagenette", fetch)

    return install


def test_progress_and_speed_are_those_of_each_part(store, telling):
    seen = []
    telling(lambda: seen.append(queue.jobs(store, queue.OPEN)[0]))
    job = Executor(store).fetch()
    assert work_once(store, "cpu").id == job.id
    ended = queue.job(store, job.id)
    assert (seen[0].done, seen[0].total, seen[0].message) == (40_000_000, 100_000_000, "downloading x")
    assert (seen[0].speed, ended.speed) == (0, 0)  # what was there before, or came in the part before, is no speed
    assert ended.state == queue.DONE


def test_it_stops_where_the_user_asks_for_it(store, telling):
    job = Executor(store).fetch()
    telling(lambda: Executor(store).cancel([job.id]))
    work_once(store, "cpu")
    assert queue.job(store, job.id).state == queue.CANCELLED
    assert Executor(store).fetch().state == queue.QUEUED


def test_what_is_here_is_not_fetched_again(store):
    save(store.folder / "downloads" / ARCHIVE.folder / "val" / "n01440764" / "1.JPEG")
    job = Executor(store).fetch()
    work_once(store, "cpu")
    assert queue.job(store, job.id).state == queue.DONE
    assert fetch_imagenette(store.folder) == store.folder / "downloads" / ARCHIVE.folder
