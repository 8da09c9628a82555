"""Which packs the jobs of a store use, and how those that none uses are deleted."""

from __future__ import annotations

from collections.abc import Iterator

from core.data.packs import KeptPack, delete_pack
from core.errors import InvalidSettingError
from core.experiment import ExperimentSpec
from core.store.database import Store
from core.store.queue import OPEN, Job, jobs
from core.store.runs import find_run


def users_of(store: Store, pack: KeptPack) -> tuple[Job, ...]:
    """Return the queued and running jobs that measure or train on the data of a pack, or pack it."""
    return tuple(job for job in jobs(store, OPEN) if pack.source in _data_of(store, job))


def delete_unused_pack(store: Store, pack: KeptPack) -> None:
    """Delete a pack, whose source stays as it is; InvalidSettingError while a job uses it, errors of `delete_pack`."""
    users = users_of(store, pack)
    if users:
        raise InvalidSettingError(
            f"the pack of {pack.title} is used by {users[0].title}",
            "a pack that no queued or running job uses",
            "cancel that job, or wait until it is done",
        )
    delete_pack(pack)


def _data_of(store: Store, job: Job) -> set[str]:
    """Return what names the data that a job evaluates and trains on."""
    specs = [ExperimentSpec.from_json(text) for text in _specs_of(store, job)]
    return {spec.data for spec in specs} | {spec.retraining.data for spec in specs if spec.retraining}


def _specs_of(store: Store, job: Job) -> Iterator[str]:
    run = find_run(store, job.subject)  # of a job that is about a run
    if run is not None:
        yield run.spec
    if "of" in job.request:
        yield job.request["of"]
    yield from job.request.get("specs", ())
    yield from job.request.get("then", ())
