"""The job that asks many networks the same question about many images, batch by batch, each written as it comes.

The dense network's answers are kept whole, maps and all: they are what every other network's are compared with, also
those of networks that are pruned later. Of the others the measures are kept, not the maps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.example import example, region_of
from core.data.pack import Pack
from core.errors import BrokenDataError, MissingFileError, PrunescopeError
from core.experiment import ExperimentSpec, spec_in_words
from core.interpretability import inspection
from core.interpretability.measures.measure import Masks
from core.interpretability.measures.randomisation import FRESH_WEIGHTS, randomised_copy
from core.interpretability.survey import Answered, Answers, Asked, Rows, answer_type, ask, figures
from core.jobs.executor import put_runs, run_of
from core.jobs.inspected import inspected
from core.jobs.refused import raise_refused
from core.jobs.subject import Subject, find_subject
from core.jobs.task import Tally, Task
from core.progress import Progress
from core.store.batches import append, load
from core.store.runs import Run, find_result, find_run, put_result
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
    runs: tuple[tuple[Run, ExperimentSpec], ...]  # the dense one first
    images: int
    tally: Tally = field(default_factory=Tally)
    masks: dict[int, NDArray[np.uint8] | None] = field(default_factory=dict)  # by place, packed to bits

    @property
    def dense_id(self) -> str:
        """The run of the dense network."""
        return self.runs[0][0].id

    @property
    def answers(self) -> str:
        """The kind under which the dense network's answers are kept."""
        return f"answers/{self.survey.question.id}"

    @property
    def layout(self) -> np.dtype[Any]:
        """The record of an answer."""
        return answer_type(self.pack.preset.crop, self.pack.preset.crop)

    @property
    def total(self) -> int:
        """How many answers there are to measure."""
        return self.images * (len(self.runs) + 2)

    def pixels(self, part: slice) -> NDArray[np.uint8]:
        """Return the images of a part of the order: (n, h, w, 3)."""
        return self.pack.batch(self.pack.order[part])

    def asked(self, part: slice, dense: NDArray[np.integer] | None) -> Asked:
        """Return what a network is asked about a part of the order."""
        places = self.pack.order[part]
        return Asked(places, self.pixels(part), self.pack.labels[places], dense)

    def progress(self, title: str) -> Progress:
        """Return what tells, within a batch, how far the job is, and stops where it is cancelled."""

        def tell(done: int, total: int, what: str) -> None:
            self.task.tell(self.tally.done, self.total, title, self.tally.fresh)

        return tell


def measure_survey(task: Task) -> None:
    """Bring a survey to the number of images it asks for, from where an earlier job left it.

    A killed worker loses the batch it was at and nothing else. The figures of a network are brought up to date each
    time that its images have doubled, and at the end. Runs that were deleted meanwhile stay deleted. A retrained
    network whose weights are missing or damaged keeps none of the others from being surveyed; it is told at the end.
    """
    work = _prepare(task)
    refused = [(network.title, error) for network in _networks(work) if (error := _survey(work, network))]
    raise_refused(refused, len(work.runs), "surveyed")


def _prepare(task: Task) -> _Work:
    request = task.job.request
    specs = [ExperimentSpec.from_json(text) for text in (request["of"], *request["specs"])]
    survey = survey_from_json(request["survey"])
    subject = find_subject(specs[0], task.store.folder, task.progress)
    pack = subject.pack(task.progress)
    runs = [(run_of(spec, subject), spec) for spec in specs]
    if not request["known"]:
        put_runs(task.store, [run for run, _ in runs])
    present = tuple((run, spec) for run, spec in runs if find_run(task.store, run.id))
    if not present or not present[0][1].is_dense:
        raise BrokenDataError("the dense network's run was deleted", "", "ask for the survey again")
    dense = inspected(subject.network, specs[0], present[0][0].id, task.store.folder, task.device)
    return _Work(task.from_now(), survey, subject, pack, dense, present, min(survey.images, len(pack)))


def _networks(work: _Work) -> list[_Network]:
    """Return the dense network, the yardsticks (another image only if there is one), and the other networks."""
    kind, dense_id, survey = work.survey.kind, work.dense_id, work.survey

    def fresh(subject: inspection.Subject, part: slice, progress: Progress) -> Answers:
        return ask(subject, work.asked(part, _reference(work, part, progress)["predicted"]), survey.question, progress)

    def known(subject: inspection.Subject, part: slice, progress: Progress) -> Answers:
        return _reference(work, part, progress)

    def of_the_next(subject: inspection.Subject, part: slice, progress: Progress) -> Answers:
        answers = _reference(work, part, progress).copy()
        last = part.stop % len(work.pack)
        after = _reference(work, slice(last, last + 1), progress)
        answers["map"] = np.concatenate([answers["map"][1:], after["map"]])
        return answers

    def randomised() -> inspection.Subject:
        return replace(work.dense, module=randomised_copy(work.dense.module, FRESH_WEIGHTS))

    def made(run: Run, spec: ExperimentSpec) -> Callable[[], inspection.Subject]:
        return lambda: inspected(work.subject.network, spec, run.id, work.task.store.folder, work.task.device)

    own = work.subject.network.zeros
    return [
        _Network(spec_in_words(work.runs[0][1], own), dense_id, kind, lambda: work.dense, known),
        _Network("randomised network", dense_id, survey.yardstick("randomised"), randomised, fresh),
        _Network("another image", dense_id, survey.yardstick("other"), lambda: work.dense, of_the_next),
        *(_Network(spec_in_words(spec, own), run.id, kind, made(run, spec), fresh) for run, spec in work.runs[1:]),
    ]


def _reference(work: _Work, part: slice, progress: Progress) -> Answers:
    """Return the dense network's answers about a part of the order: those that are kept, and fresh ones from there."""
    store, wanted = work.task.store, part.stop - part.start
    found: Answers = load(store, work.dense_id, work.answers, work.layout, wanted, start=part.start)
    if len(found) == wanted:
        return found
    began, left = time.perf_counter(), slice(part.start + len(found), part.stop)
    asked = ask(work.dense, work.asked(left, None), work.survey.question, progress)
    with store.writing() as db:
        append(db, work.dense_id, work.answers, left.start, asked, time.perf_counter() - began)
    return np.concatenate([found, asked])


def _masks(work: _Work, part: slice) -> Masks | None:
    """Return where the object is in the images of a part; None if the source knows it of none."""
    source, preset = work.subject.source, work.subject.preset
    if not work.survey.measures.places or not region_of(source):
        return None
    shape = (preset.crop, preset.crop)
    found = np.zeros((part.stop - part.start, *shape), np.bool_)
    for row, place in enumerate(work.pack.indices[work.pack.order[part]].tolist()):
        if place not in work.masks:
            mask = example(source, preset, place).mask
            work.masks[place] = None if mask is None else np.packbits(mask)
        bits = work.masks[place]
        if bits is not None:
            found[row] = np.unpackbits(bits, count=found[row].size).reshape(shape)
    return found


def _survey(work: _Work, network: _Network) -> PrunescopeError | None:
    """Bring one network to the number of images; return why it cannot be had, None if it can."""
    instrument, store = work.survey.measures, work.task.store
    rows: Rows = load(store, network.run_id, network.kind, instrument.rows)
    work.tally.done += min(len(rows), work.images)
    told = (find_result(store, network.run_id, network.kind) or {}).get("images", 0)
    if len(rows) >= work.images:
        if told != len(rows):
            _record(work, network, rows, rows[:0], 0.0, told=True)
        return None
    try:
        subject = network.subject()
    except (MissingFileError, BrokenDataError) as error:
        return error
    _measure(work, network, subject, rows, told)
    return None


def _measure(work: _Work, network: _Network, subject: inspection.Subject, rows: Rows, told: int) -> None:
    """Go on behind the rows that are known, of whose first `told` the figures are known too."""
    instrument, progress = work.survey.measures, work.progress(network.title)
    while len(rows) < work.images and find_run(work.task.store, network.run_id):
        part = slice(len(rows), min(len(rows) + BATCH, work.images))
        began = time.perf_counter()
        answers, dense = network.answer(subject, part, progress), _reference(work, part, progress)
        fresh = instrument.measure(Answered(subject, work.pixels(part), answers, dense, _masks(work, part)), progress)
        rows = np.concatenate([rows, fresh])
        work.tally.done, work.tally.fresh = work.tally.done + len(fresh), work.tally.fresh + len(fresh)
        now = len(rows) >= 2 * told or len(rows) == work.images
        told = len(rows) if now else told
        _record(work, network, rows, fresh, time.perf_counter() - began, told=now)


def _record(work: _Work, network: _Network, rows: Rows, fresh: Rows, seconds: float, *, told: bool) -> None:
    """Write the fresh rows, which end `rows`, and if they are to be told, the figures of all of them."""
    task, run_id, kind = work.task, network.run_id, network.kind
    known = _figures(work, network, rows) if told else None
    with task.store.writing() as db:
        if len(fresh):
            append(db, run_id, kind, len(rows) - len(fresh), fresh, seconds)
        if known is not None:
            put_result(db, run_id, kind, known)
        row = task.tell_within(db, work.tally.done, work.total, network.title, work.tally.fresh)
    task.stop_if_asked(row)


def _figures(work: _Work, network: _Network, rows: Rows) -> dict[str, Any]:
    """Return the figures of a network's rows; BrokenDataError if those of the dense network were damaged meanwhile."""
    survey = work.survey
    dense = rows
    if (network.run_id, network.kind) != (work.dense_id, survey.kind):
        dense = load(work.task.store, work.dense_id, survey.kind, survey.measures.rows, len(rows))
    if len(dense) < len(rows):
        raise BrokenDataError("the dense network's part of the survey is damaged", "", "ask for the survey again")
    return figures(rows, dense[: len(rows)]) | {"question": survey.question.to_json()}
