"""Take jobs from the queue and do them, first in, first out, one at a time on a device."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from filelock import Timeout

from core.data.packed import DamagedPackError
from core.errors import CancelledError, PrunescopeError
from core.jobs.accuracy import measure_accuracy
from core.jobs.devices import device_lock, pid_file, worker_lock
from core.jobs.efficiency import measure_efficiency
from core.jobs.executor import ACCURACY, EFFICIENCY, FETCH, PACK, SENSITIVITY, SURVEY, UNITS, VISUALISE
from core.jobs.fetching import fetch_data
from core.jobs.packing import pack_data
from core.jobs.sensitivity import measure_sensitivity
from core.jobs.survey import measure_survey
from core.jobs.task import Task
from core.jobs.units import measure_units
from core.jobs.visualising import visualise_units
from core.paths import writable
from core.store import queue
from core.store.database import Store
from core.store.queue import Job

# What each kind of job does. A new kind is one more entry.
TASKS: dict[str, Callable[[Task], None]] = {
    ACCURACY: measure_accuracy,
    PACK: pack_data,
    SURVEY: measure_survey,
    SENSITIVITY: measure_sensitivity,
    EFFICIENCY: measure_efficiency,
    UNITS: measure_units,
    VISUALISE: visualise_units,
    FETCH: fetch_data,
}

POLL_SECONDS = 0.2
LOOK_SECONDS = 2.0  # longer than another process holds the worker's lock only to see whether it is held
_log = logging.getLogger("core")


def work_once(store: Store, device: str, only: Sequence[str] | None = None) -> Job | None:
    """Do the first queued job (of the ids in `only`, if given) on `device` and return it; None if there is none.

    Waits for the device's lock. What a dead process left running on the device is queued again first.
    """
    with device_lock(store, device):
        queue.requeue_orphans(store, device)
        job = queue.claim(store, device, only)
        if job is not None:
            _do(store, job, device)
    return job


def work(store: Store, device: str, idle_seconds: float | None = None) -> None:
    """Be the worker of `device` until interrupted, or until there was nothing to do for `idle_seconds`.

    Returns at once if the device has a worker already.
    """
    try:
        with worker_lock(store, device).acquire(timeout=LOOK_SECONDS):
            pid_file(store, device).write_text(str(os.getpid()))
            _work(store, device, idle_seconds)
    except Timeout:
        _log.info("%s has a worker already", device)


def _work(store: Store, device: str, idle_seconds: float | None) -> None:
    last = time.monotonic()
    while idle_seconds is None or time.monotonic() - last < idle_seconds:
        if work_once(store, device):
            last = time.monotonic()
        else:
            time.sleep(POLL_SECONDS)


def _do(store: Store, job: Job, device: str) -> None:
    with _logging_to(store, job):
        try:
            _attempt(Task(store, job, device))
            queue.finish(store, job, queue.DONE)
        except KeyboardInterrupt:
            queue.requeue_orphans(store, device)
            raise
        except CancelledError as error:
            queue.finish(store, job, queue.CANCELLED, str(error))
        except PrunescopeError as error:
            _log.error("%s", error)
            queue.finish(store, job, queue.FAILED, str(error))
        except Exception as error:
            _log.exception("%s failed", job.title)
            queue.finish(store, job, queue.FAILED, f"{type(error).__name__}: {error}")


def _attempt(task: Task) -> None:
    """Do a job; where it meets packed images that are damaged, go on once they are mended: opening them does that."""
    try:
        TASKS[task.job.kind](task)
    except DamagedPackError as error:
        _log.warning("%s", error)
        TASKS[task.job.kind](task)


@contextmanager
def _logging_to(store: Store, job: Job) -> Iterator[None]:
    """Write what is logged meanwhile to the job's own file too."""
    path = writable(store.folder / "logs") / f"{job.id}.log"
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    _log.addHandler(handler)
    try:
        yield
    finally:
        _log.removeHandler(handler)
        handler.close()
