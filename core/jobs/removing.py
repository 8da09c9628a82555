"""Remove a network that is kept, unless somebody waits for what is measured of it."""

from __future__ import annotations

from pathlib import Path

from core.errors import InvalidSettingError
from core.jobs.named import specs_of
from core.networks.kept import forget_network
from core.store import queue
from core.store.database import Store
from core.store.queue import Job
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
    return tuple(
        job for job in queue.jobs(store, queue.OPEN) if network in {spec.network for spec in specs_of(store, job)}
    )
