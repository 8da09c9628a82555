"""The job that looks at every unit of many networks over the same images, and scores each.

A network takes one pass (core/interpretability/units), which goes on where a killed or a shorter one ended; what the
encoder says of the images is computed once for all networks. The units of a network are written when it is scored.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from core.data.pack import Pack
from core.errors import BrokenDataError, MissingFileError, PrunescopeError
from core.experiment import ExperimentSpec, spec_in_words
from core.interpretability import inspection
from core.interpretability.encoders.cache import embed_pack
from core.interpretability.encoders.encoder import Encoder
from core.interpretability.encoders.registry import load_encoder
from core.interpretability.measures.randomisation import FRESH_WEIGHTS, randomised_copy
from core.interpretability.mis.measure import measure_units as score_units
from core.interpretability.units.collect import collect
from core.jobs.executor import put_runs, run_of
from core.jobs.inspected import inspected
from core.jobs.refused import raise_refused
from core.jobs.studied import resolved_study
from core.jobs.subject import Subject, find_subject
from core.jobs.task import Tally, Task
from core.progress import Progress
from core.store.batches import append, forget
from core.store.retrained import units_folder
from core.store.runs import Run, find_run, put_result, require_run
from core.units.study import UnitStudy, study_from_json, study_to_json


@dataclass(frozen=True, eq=False)
class _Work:
    task: Task
    study: UnitStudy
    subject: Subject
    pack: Pack
    runs: tuple[tuple[Run, ExperimentSpec], ...]
    encoder: Encoder
    tally: Tally = field(default_factory=Tally)

    @property
    def total(self) -> int:
        """How many images there are to see: all by each network, by the encoder, and by the randomised network."""
        return self.study.images * (len(self.runs) + 1 + any(spec.is_dense for _, spec in self.runs))

    @property
    def about(self) -> dict[str, str]:
        """What is kept with the figures: the study, and which weights the encoder had."""
        return {"study": study_to_json(self.study), "encoder_sha": self.encoder.sha256}

    @property
    def places(self) -> NDArray[np.int64]:
        """Where the images of the study lie in the pack."""
        return self.pack.order[: self.study.images]

    def part(self, title: str) -> Progress:
        """Return what tells how far a part of the job is, which may begin in its middle."""
        begun: list[int] = []

        def tell(done: int, total: int, what: str) -> None:
            begun.append(done)
            fresh = self.tally.fresh + done - begun[0]
            self.task.tell(self.tally.done + done, self.total, f"{title}: {what}", fresh)
            if done >= total:
                self.tally.fresh = fresh

        return tell

    def ended(self) -> None:
        """Say that a part is done."""
        self.tally.done += self.study.images


def measure_units(task: Task) -> None:
    """Score the units of the networks that the job names, those that are scored already once more.

    A network that cannot be had (its weights are missing, it yields numbers that are not finite) keeps none of the
    others from being scored; it is told at the end. Runs that were deleted meanwhile stay deleted.
    """
    work = _prepare(task)
    embeddings = embed_pack(
        work.encoder, work.pack, work.places, task.store.folder / "embeddings", work.part("similarity of the images")
    )
    work.ended()
    refused: list[tuple[str, PrunescopeError]] = []
    for run, spec in work.runs:
        try:
            _measure(work, run, spec, embeddings)
        except (MissingFileError, BrokenDataError) as error:
            refused.append((spec_in_words(spec, work.subject.network.zeros), error))
        work.ended()
    raise_refused(refused, len(work.runs), "studied")


def _prepare(task: Task) -> _Work:
    request = task.job.request
    specs = [ExperimentSpec.from_json(text) for text in request["specs"]]
    subject = find_subject(specs[0], task.store.folder, task.progress)
    pack = subject.pack(task.progress)
    runs = [(run_of(spec, subject), spec) for spec in specs]
    if not request["known"]:
        put_runs(task.store, [run for run, _ in runs])
    present = tuple((run, spec) for run, spec in runs if find_run(task.store, run.id))
    study = resolved_study(study_from_json(request["study"]), subject)
    encoder = load_encoder(study.encoding, subject.network, task.device)
    return _Work(task.from_now(), study, subject, pack, present, encoder)


def _measure(work: _Work, run: Run, spec: ExperimentSpec, embeddings: NDArray[np.float32]) -> None:
    if find_run(work.task.store, run.id) is None:
        return
    began, folder = time.perf_counter(), units_folder(work.task.store.folder, run.id)
    subject = inspected(work.subject.network, spec, run.id, work.task.store.folder, work.task.device)
    activity = collect(
        subject, work.pack, work.study, folder, work.part(spec_in_words(spec, work.subject.network.zeros))
    )
    found = score_units(activity, embeddings, work.places, work.study)
    with work.task.store.writing() as db:
        require_run(db, run.id)
        forget(db, run.id, work.study.kind)
        append(db, run.id, work.study.kind, 0, found.units, time.perf_counter() - began)
        put_result(db, run.id, work.study.kind, found.figures | work.about)
    if spec.is_dense:
        work.ended()
        _measure_randomised(work, run, subject, embeddings)


def _measure_randomised(work: _Work, dense: Run, subject: inspection.Subject, embeddings: NDArray[np.float32]) -> None:
    """Score the dense network with fresh random weights. Of the pass nothing is kept: nobody looks at such units."""
    folder = units_folder(work.task.store.folder, dense.id) / "randomised"
    fresh = replace(subject, module=randomised_copy(subject.module, FRESH_WEIGHTS))
    activity = collect(fresh, work.pack, work.study, folder, work.part("randomised network"))
    found = score_units(activity, embeddings, work.places, work.study)
    with work.task.store.writing() as db:
        require_run(db, dense.id)
        put_result(db, dense.id, work.study.yardstick, found.figures)
    shutil.rmtree(folder)
