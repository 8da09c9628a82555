"""The experiments that a job is about."""

from __future__ import annotations

from core.experiment import ExperimentSpec
from core.store.database import Store
from core.store.queue import Job
from core.store.runs import find_run


def specs_of(store: Store, job: Job) -> tuple[ExperimentSpec, ...]:
    """Return the experiments that a job is about: that of its run, if it has one, and those that it names."""
    run, request = find_run(store, job.subject), job.request
    named = [*([run.spec] if run else []), *([request["of"]] if "of" in request else [])]
    return tuple(map(ExperimentSpec.from_json, [*named, *request.get("specs", ()), *request.get("then", ())]))
