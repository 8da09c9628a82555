"""The job that visualises one unit in several networks, each from the same noise, and keeps the pictures."""

from __future__ import annotations

import time
from dataclasses import dataclass

from core.errors import BrokenDataError, InvalidSettingError, MissingFileError, PrunescopeError
from core.experiment import ExperimentSpec, spec_in_words
from core.interpretability import inspection
from core.interpretability.visualisation.visualise import visualise
from core.jobs.executor import put_runs, run_of
from core.jobs.inspected import inspected
from core.jobs.refused import raise_refused
from core.jobs.subject import Subject, find_subject
from core.jobs.task import Task
from core.progress import Progress
from core.store.runs import Run, find_run
from core.visualisation import Visualisation, visualisation_from_json
from core.visualised import Refused, Visualised, find_visualised, keep_visualised


@dataclass(frozen=True, eq=False)
class _Work:
    task: Task
    subject: Subject
    visualisation: Visualisation
    runs: tuple[tuple[Run, ExperimentSpec], ...]

    def steps(self, number: int, title: str) -> Progress:
        """Return what tells how far the job is while the network of that number is looked into."""

        def tell(done: int, total: int, what: str) -> None:
            self.task.tell(number * total + done, len(self.runs) * total, f"{title}: {what}")

        return tell


def visualise_units(task: Task) -> None:
    """Visualise a unit in the networks that the job names, dense first; what is kept already is not made again.

    A unit of which there is no picture is kept as such. A network that cannot be had keeps none of the others from
    being looked into; it is told at the end. Runs that were deleted meanwhile stay deleted.
    """
    work = _prepare(task)
    missing: list[tuple[str, PrunescopeError]] = []
    for number, (run, spec) in enumerate(work.runs):
        try:
            _visualise(work, number, run, spec)
        except (MissingFileError, BrokenDataError) as error:
            missing.append((spec_in_words(spec, work.subject.network.zeros), error))
    raise_refused(missing, len(work.runs), "visualised")


def _prepare(task: Task) -> _Work:
    request = task.job.request
    specs = [ExperimentSpec.from_json(text) for text in request["specs"]]
    subject = find_subject(specs[0], task.store.folder, task.progress)
    subject.pack(task.progress)  # the images give the runs their names
    runs = [(run_of(spec, subject), spec) for spec in specs]
    if not request["known"]:
        put_runs(task.store, [run for run, _ in runs])
    return _Work(task.from_now(), subject, visualisation_from_json(request["visualisation"]), tuple(runs))


def _visualise(work: _Work, number: int, run: Run, spec: ExperimentSpec) -> None:
    store, how = work.task.store, work.visualisation
    if find_run(store, run.id) is None or find_visualised(store, run.id, how) is not None:
        return
    network = inspected(work.subject.network, spec, run.id, store.folder, work.task.device)
    began = time.perf_counter()
    found = _found(network, how, work.steps(number, spec_in_words(spec, work.subject.network.zeros)))
    keep_visualised(store, run.id, how, found, time.perf_counter() - began)


def _found(network: inspection.Subject, how: Visualisation, progress: Progress) -> Visualised | Refused:
    try:
        return visualise(network, how, progress)
    except (InvalidSettingError, BrokenDataError) as error:
        return Refused(error.given, error.allowed, error.mend)
