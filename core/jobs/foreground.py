"""Do queued work here and now, in this process."""

from __future__ import annotations

import time
from collections.abc import Sequence

from core.errors import PrunescopeError
from core.jobs.worker import POLL_SECONDS, work_once
from core.progress import Progress, silent
from core.store import queue
from core.store.database import Store


def work_through(store: Store, jobs: Sequence[queue.Job], device: str, progress: Progress = silent) -> None:
    """Do these jobs, or wait while another process does them.

    Interrupted, those that are left are cancelled. Raises PrunescopeError with a failed job's reason.
    """
    ids = [job.id for job in jobs]
    try:
        while left := _open(store, ids):
            progress(len(ids) - len(left), len(ids), _what(left))
            if work_once(store, device, only=ids) is None:
                time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        queue.cancel(store, ids)
        raise
    progress(len(ids), len(ids), "done")
    for identity in ids:
        _check_done(queue.job(store, identity), identity)


def _open(store: Store, ids: Sequence[str]) -> list[queue.Job]:
    found = (queue.job(store, identity) for identity in ids)
    return [job for job in found if job is not None and job.state in queue.OPEN]


def _what(left: Sequence[queue.Job]) -> str:
    return next((job.title for job in left if job.state == queue.RUNNING), left[0].title)


def _check_done(job: queue.Job | None, identity: str) -> None:
    if job is None or job.state != queue.DONE:
        raise PrunescopeError(job.message or f"{job.title} was {job.state}" if job else f"{identity} was deleted")
