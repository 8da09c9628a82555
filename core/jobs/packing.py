"""The job that packs data and then submits the experiments that wait for it."""

from __future__ import annotations

from core.experiment import ExperimentSpec, Extent
from core.jobs.executor import Executor
from core.jobs.subject import find_subject
from core.jobs.task import Task


def pack_data(task: Task) -> None:
    """Pack the data that the job's spec names, then submit what waits for it: their own jobs follow in the queue."""
    request = task.job.request
    find_subject(ExperimentSpec.from_json(request["of"]), task.store.folder, task.progress).pack(task.progress)
    waiting = [ExperimentSpec.from_json(text) for text in request["then"]]
    if waiting:
        Executor(task.store).submit(waiting, Extent(**request["extent"]))
