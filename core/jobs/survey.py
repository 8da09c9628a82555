"""The job that asks many networks the same question about many images, batch by batch, each written as it comes.

The dense network's answers are kept whole, maps and all: they are what every other network's are compared with, also
those of networks that are pruned later. Of the others the measures are kept, not the maps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.example import example, region_of
from core.data.pack import Pack
from core.experiment import ExperimentSpec
from core.interpretability import inspection
from core.interpretability.measures.measure import Masks
from core.interpretability.measures.randomisation import randomised_copy
from core.interpretability.survey import Answered, Answers, Asked, Rows, answer_type, ask, figures
from core.jobs.executor import put_runs, run_of
from core.jobs.subject import Subject, find_subject
from core.jobs.task import Task
from core.progress import Progress
from core.pruning.settings import Pruning
from core.store.batches import append, load
from core.store.runs import Run, put_result
from core.surveys import Survey, survey_from_json

BATCH = 16


@dataclass(frozen=True)
class _Network:
    """One that is surveyed: where its figures are kept, and how it comes by its answers about a part of the images."""

    title: str
    run_id: str
    kind: str
    subject: Callable[[], inspection.Subject]
    answer: Callable[[inspection.Subject, slice, Progress], Answers]


@dataclass(frozen=True, eq=False)
class _Work:
    task: Task
    survey: Survey
    subject: Subject
    pack: Pack
    dense: inspection.Subject
    runs: tuple[tuple[Run, Pruning], ...]  # the dense one first
    images: int
    steps: int  # networks to get through, for the progress

    @property
    def dense_id(self) -> str:
        """The run of the dense network."""
        return self.runs[0][0].id

    def pixels(self, part: slice) -> NDArray[np.uint8]:
        """Return the images of a part of the order: (n, h, w, 3)."""
        return self.pack.batch(self.pack.order[part])

    def asked(self, part: slice, dense: NDArray[np.integer] | None) -> Asked:
        """Return what a network is asked about a part of the order."""
        places = self.pack.order[part]
        return Asked(places, self.pixels(part), self.pack.labels[places], dense)

    def progress(self, step: int, images: int, title: str) -> Progress:
        """Return what tells, within a batch, that `images` of a network are done, and stops where it is cancelled."""
        done, total = step * self.images + images, self.steps * self.images
        return lambda _done, _total, _what: self.task.progress(min(done, total), total, title)


def measure_survey(task: Task) -> None:
    """Bring a survey to the number of images it asks for, from where an earlier job left it.

    A killed worker loses the batch it was at and nothing else. The figures of a network are brought up to date each
    time that its images have doubled, and at the end.
    """
    work = _prepare(task)
    reference = _reference(work)
    masks = _masks(work)
    for step, network in enumerate(_networks(work, reference), start=1):
        _survey(work, step, network, reference, masks)


def _prepare(task: Task) -> _Work:
    request = task.job.request
    specs = [ExperimentSpec.from_json(text) for text in request["specs"]]
    survey = survey_from_json(request["survey"])
    subject = find_subject(specs[0], task.store.folder, task.progress)
    pack = subject.pack(task.progress)
    runs = tuple((run_of(spec, subject), spec.pruning) for spec in specs)
    put_runs(task.store, [run for run, _ in runs])
    dense = inspection.subject(subject.network, Pruning(), task.device)
    images = min(survey.images, len(pack))
    return _Work(task.from_now(), survey, subject, pack, dense, runs, images, steps=len(runs) + 3)


def _reference(work: _Work) -> Answers:
    """Return the dense network's answers about the images, and about the one after the last."""
    kind, store = f"answers/{work.survey.question.id}", work.task.store
    size = work.pack.preset.crop
    found: Answers = load(store, work.dense_id, kind, answer_type(size, size))
    wanted = min(work.images + 1, len(work.pack))
    while len(found) < wanted:
        part = slice(len(found), min(len(found) + BATCH, wanted))
        began = time.perf_counter()
        progress = work.progress(0, len(found), "dense network")
        fresh = ask(work.dense, work.asked(part, None), work.survey.question, progress)
        with store.writing() as db:
            append(db, work.dense_id, kind, len(found), fresh, time.perf_counter() - began)
        found = np.concatenate([found, fresh])
    return found


def _masks(work: _Work) -> Masks | None:
    """Return where the object is in each image; None if the source knows it of none."""
    source, preset = work.subject.source, work.subject.preset
    if not region_of(source):
        return None
    places = work.pack.indices[work.pack.order[: work.images]]
    shape = (preset.crop, preset.crop)
    found = [example(source, preset, int(place)).mask for place in places]
    return np.stack([np.zeros(shape, np.bool_) if mask is None else mask for mask in found])


def _networks(work: _Work, reference: Answers) -> list[_Network]:
    """Return the dense network, the two yardsticks, and the pruned networks."""
    kind, dense_id, survey = work.survey.kind, work.dense_id, work.survey

    def fresh(subject: inspection.Subject, part: slice, progress: Progress) -> Answers:
        return ask(subject, work.asked(part, reference["predicted"][part]), survey.question, progress)

    def known(subject: inspection.Subject, part: slice, progress: Progress) -> Answers:
        return reference[part]

    def of_the_next(subject: inspection.Subject, part: slice, progress: Progress) -> Answers:
        answers = reference[part].copy()
        answers["map"] = np.take(reference["map"], np.arange(part.start, part.stop) + 1, axis=0, mode="wrap")
        return answers

    def randomised() -> inspection.Subject:
        return replace(work.dense, module=randomised_copy(work.dense.module, survey.question.seed))

    def pruned(pruning: Pruning) -> Callable[[], inspection.Subject]:
        return lambda: inspection.subject(work.subject.network, pruning, work.task.device)

    return [
        _Network("dense network", dense_id, kind, lambda: work.dense, known),
        _Network("randomised network", dense_id, survey.yardstick("randomised"), randomised, fresh),
        _Network("another image", dense_id, survey.yardstick("other"), lambda: work.dense, of_the_next),
        *(_Network(_title(run), run.id, kind, pruned(pruning), fresh) for run, pruning in work.runs[1:]),
    ]


def _title(run: Run) -> str:
    return f"{run.technique} {run.rate:.2f}"


def _survey(work: _Work, step: int, network: _Network, reference: Answers, masks: Masks | None) -> None:
    instrument, store = work.survey.measures, work.task.store
    rows: Rows = load(store, network.run_id, network.kind, instrument.rows)
    if len(rows) >= work.images:
        return
    subject, told = network.subject(), len(rows)
    while len(rows) < work.images:
        part = slice(len(rows), min(len(rows) + BATCH, work.images))
        began, progress = time.perf_counter(), work.progress(step, len(rows), network.title)
        answers = network.answer(subject, part, progress)
        there = None if masks is None else masks[part]
        answered = Answered(subject, work.pixels(part), answers, reference[part], there)
        fresh = instrument.measure(answered, progress)
        rows = np.concatenate([rows, fresh])
        told = len(rows) if len(rows) >= 2 * told or len(rows) == work.images else told
        known = _figures(work, rows, reference) if told == len(rows) else None
        _record(work, step, network, len(rows), fresh, known, time.perf_counter() - began)


def _figures(work: _Work, rows: Rows, reference: Answers) -> dict[str, Any]:
    return figures(rows, reference[: len(rows)]) | {"question": work.survey.question.to_json()}


def _record(
    work: _Work, step: int, network: _Network, images: int, fresh: Rows, known: dict[str, Any] | None, seconds: float
) -> None:
    """Write the rows that bring a network to so many images and, if given, what is known of it by now."""
    task = work.task
    with task.store.writing() as db:
        append(db, network.run_id, network.kind, images - len(fresh), fresh, seconds)
        if known is not None:
            put_result(db, network.run_id, network.kind, known)
        row = task.tell_within(db, step * work.images + images, work.steps * work.images, network.title)
    task.stop_if_asked(row)
