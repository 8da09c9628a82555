"""Remove a network that is kept, unless somebody waits for what is measured of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.errors import InvalidSettingError
from core.experiment import ExperimentSpec
from core.jobs.executor import ACCURACY
from core.networks.kept import forget_network
from core.store import queue
from core.store.database import Store
from core.store.queue import Job
from core.store.runs import find_run
from core.words import count, listed

_NAMED = 3  # jobs that a message names


def remove_network(store: Store, path: Path) -> None:
    """Delete a kept checkpoint; what was measured of it stays. Raises what `check_unused` raises."""
    check_unused(store, path)
    forget_network(path)


def check_unused(store: Store, path: Path) -> None:
    """Raise InvalidSettingError if queued or running jobs need the network in a file, naming them."""
    jobs = jobs_on(store, str(path))
    if jobs:
        titles = [repr(job.title) for job in jobs[:_NAMED]] + (["others"] if len(jobs) > _NAMED else [])
        raise InvalidSettingError(
            f"{_in_words(jobs)} {path.stem}: {listed(titles)}",
            "a network that no queued or running job is about",
            "wait for its end, or cancel it in Runs"
            if len(jobs) == 1
            else "wait for their end, or cancel them in Runs",
        )


def _in_words(jobs: tuple[Job, ...]) -> str:
    """Return "2 running or queued jobs need"."""
    states = " or ".join(sorted({job.state for job in jobs}, reverse=True))
    return f"{count(len(jobs), f'{states} job')} {'needs' if len(jobs) == 1 else 'need'}"


def jobs_on(store: Store, network: str) -> tuple[Job, ...]:
    """Return the queued and running jobs that need a network, as experiments name it."""
    return tuple(job for job in queue.jobs(store, queue.OPEN) if network in _networks(store, job))


def _networks(store: Store, job: Job) -> set[str]:
    return {ExperimentSpec.from_json(text).network for text in _specs(store, job)}


def _specs(store: Store, job: Job) -> Iterator[str]:
    """Yield the experiments that a job is about: of a run's accuracy the run's, of others those that they name."""
    run = find_run(store, job.subject) if job.kind == ACCURACY else None
    if run is not None:
        yield run.spec
    yield from filter(None, [job.request.get("of")])
    for names in ("specs", "then"):
        yield from job.request.get(names, ())
