"""The job that packs data which is not packed yet and then submits the experiments that wait for it."""

from __future__ import annotations

from core.experiment import ExperimentSpec, Extent
from core.jobs.executor import Executor
from core.jobs.subject import find_subject
from core.jobs.task import Task


def run_sweep(task: Task) -> None:
    """Pack the data of the job's specs, then submit them: their own jobs follow in the queue."""
    specs = [ExperimentSpec.from_json(text) for text in task.job.request["specs"]]
    for spec in specs:
        subject = find_subject(spec, task.store.folder, task.progress)
        if subject.fingerprint() is None:
            subject.pack(task.progress)
    Executor(task.store).submit(specs, Extent(**task.job.request["extent"]))
