"""The job that measures how large networks are and how fast, one after another, each written as soon as it is there."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import Any

import torch

from core.errors import MissingFileError
from core.evaluation.efficiency import (
    LATENCY_BATCH,
    THROUGHPUT_BATCH,
    device_in_words,
    size_of,
    speeds,
    try_compact,
)
from core.experiment import ExperimentSpec, spec_in_words
from core.jobs.executor import is_timed, put_runs, run_of
from core.jobs.pruned import pruned_network
from core.jobs.subject import Subject, find_subject
from core.jobs.task import Task
from core.progress import Progress
from core.store.runs import Run, find_run, put_result

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Work:
    task: Task
    subject: Subject
    runs: tuple[tuple[Run, ExperimentSpec], ...]

    def progress(self, done: int) -> Progress:
        """Return what tells, within a network, how many are done, and stops where the job is cancelled."""
        return lambda turn, turns, what: self.task.progress(done, len(self.runs), f"{_title(self, done)}: {what}")


def measure_efficiency(task: Task) -> None:
    """Measure size and speed of the networks the job asks for, but those whose speed on this device is known.

    A killed worker loses the network it was at and nothing else. Runs that were deleted meanwhile stay deleted. If the
    weights of a retrained one are not here, the others are measured before the job fails with the reason.
    """
    work, lacking = _prepare(task), None
    for done, (run, spec) in enumerate(work.runs):
        work.progress(done)(0, 0, "preparing")
        try:
            _measure(work, done, run, spec)
        except MissingFileError as error:
            _log.error("%s", error)
            lacking = lacking or error
    if lacking:
        raise lacking


def _prepare(task: Task) -> _Work:
    request = task.job.request
    specs = [ExperimentSpec.from_json(text) for text in request["specs"]]
    subject = find_subject(specs[0], task.store.folder, task.progress)
    subject.pack(task.progress)
    runs = tuple((run_of(spec, subject), spec) for spec in specs)
    if not request["known"]:
        put_runs(task.store, [run for run, _ in runs])
    return _Work(task.from_now(), subject, runs)


def _title(work: _Work, place: int) -> str:
    return spec_in_words(work.runs[place][1], work.subject.network.zeros)


def _measure(work: _Work, done: int, run: Run, spec: ExperimentSpec) -> None:
    task, subject = work.task, work.subject
    if find_run(task.store, run.id) is None or is_timed(task.store, run.id, task.device):
        return
    dense, pixels = subject.network.module, subject.preset.crop
    pruned = pruned_network(subject.network, spec, run.id, task.store.folder).module
    small, why = try_compact(pruned)
    modules = {"dense": dense, "pruned": pruned} | ({"compact": small.module} if small else {})
    timings = speeds(modules, pixels, task.device, work.progress(done))
    times = {name: asdict(timing) for name, timing in timings.items()}
    with task.store.writing() as db:
        put_result(db, run.id, "size", size_of(dense, pruned, pixels))
        put_result(db, run.id, "speed", _conditions(task.device, pixels) | _told(times) | {"why": why})


def _conditions(device: str, pixels: int) -> dict[str, Any]:
    return {
        "device": device_in_words(device),
        "threads": torch.get_num_threads(),
        "pixels": pixels,
        "batch": THROUGHPUT_BATCH,
        "latency_batch": LATENCY_BATCH,
    }


def _told(times: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Return the pruned network's times as they are, those measured beside it under their names."""
    return {**times["pruned"], "dense": times["dense"], "compact": times.get("compact")}
