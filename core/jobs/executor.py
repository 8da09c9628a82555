"""Ask for experiments and follow them.

The interface is that of submitit: `submit` returns jobs at once, each tells its status, can be cancelled and gives
its result when it is done. Here jobs are rows of the store, taken by worker processes (core/jobs/worker.py).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.data.imagenette import IMAGENETTE
from core.evaluation.accuracy import half_width
from core.evaluation.efficiency import device_in_words
from core.experiment import ExperimentSpec, Extent, spec_in_words, with_dense_first
from core.jobs.counted import count_again
from core.jobs.devices import pick_device
from core.jobs.studied import has_activity, is_studied, resolved_study
from core.jobs.subject import Subject, find_subject, resolved
from core.sensitivity import Scan, known_points, scan_to_json
from core.store import batches, queue
from core.store.database import Store
from core.store.predictions import load
from core.store.queue import Job
from core.store.retrained import has_weights
from core.store.runs import Run, find_result, put_run
from core.surveys import YARDSTICKS, Survey, survey_to_json
from core.units.results import randomised_figures
from core.units.study import UnitStudy, study_to_json
from core.visualisation import Visualisation
from core.visualised import find_visualised
from core.words import count

ACCURACY, PACK, SURVEY, SENSITIVITY = "accuracy", "pack", "survey", "sensitivity"
EFFICIENCY, UNITS, VISUALISE, FETCH = "efficiency", "units", "visualise", "fetch"


@dataclass(frozen=True)
class Submission:
    """What came of asking: run ids in the order asked for, and the jobs that still have to be done."""

    run_ids: tuple[str, ...]  # empty while the data has to be packed before they are known
    jobs: tuple[Job, ...]


@dataclass(frozen=True)
class Executor:
    """Submit experiments to the queue of a store."""

    store: Store

    def submit(self, specs: Iterable[ExperimentSpec], extent: Extent) -> Submission:
        """Ask for the accuracy of each spec, its dense network first; what is known already is not asked again.

        Specs of data that is not packed yet become one job that packs it and then submits them.
        """
        ordered = with_dense_first(map(resolved, specs))
        subjects = {_source_of(spec): find_subject(spec, self.store.folder) for spec in ordered}
        unpacked = [spec for spec in ordered if subjects[_source_of(spec)].fingerprint() is None]
        if unpacked:
            return Submission((), (self._submit_pack(unpacked[0], ordered, extent),))
        runs = [run_of(spec, subjects[_source_of(spec)]) for spec in ordered]
        put_runs(self.store, runs)
        for subject in subjects.values():
            count_again(self.store, subject.network, subject.fingerprint() or "")
        asked = [
            self._submit_one(run, spec, subjects[_source_of(spec)], extent)
            for run, spec in zip(runs, ordered, strict=True)
        ]
        return Submission(tuple(run.id for run in runs), tuple(job for job in asked if job))

    def survey(self, specs: Iterable[ExperimentSpec], survey: Survey) -> Job | None:
        """Ask for a survey of networks on the same data; None if all of it is known. One job does all of them."""
        ordered = with_dense_first(map(resolved, specs))
        subject = find_subject(ordered[0], self.store.folder)
        wanted = [spec for spec in ordered if not _is_surveyed(self.store, spec, subject, survey)]
        if not wanted:
            return None
        packed = subject.fingerprint() is not None
        if packed:
            put_runs(self.store, [run_of(spec, subject) for spec in (ordered[0], *wanted)])
        request = {
            "survey": survey_to_json(survey),
            "of": ordered[0].to_json(),
            "specs": [spec.to_json() for spec in wanted if not spec.is_dense],
            "kind": survey.kind,
            "images": survey.images,
            "known": packed,  # the runs are in the store: one that is not there any more was deleted
        }
        title = f"{survey.in_words()}, {count(len(wanted), 'network')}"
        return queue.enqueue(self.store, SURVEY, _digest(request), title, request)

    def sensitivity(self, spec: ExperimentSpec, scan: Scan) -> Job | None:
        """Ask for a scan of the dense network that a spec names, one layer at a time; None if all of it is known."""
        subject = find_subject(spec.dense(), self.store.folder)
        packed = subject.fingerprint() is not None
        if packed:
            run = run_of(spec.dense(), subject)
            available = subject.available()
            if len(known_points(self.store, run.id, scan, available)) >= len(scan.parts(available)) * scan.points:
                return None
            put_runs(self.store, [run])
        request = {"of": spec.dense().to_json(), "scan": scan_to_json(scan), "kind": scan.kind, "known": packed}
        title = f"Sensitivity of {subject.network.title}, {scan.in_words()}"
        return queue.enqueue(self.store, SENSITIVITY, _digest(request), title, request)

    def units(self, specs: Iterable[ExperimentSpec], study: UnitStudy, *, activity: bool = False) -> Job | None:
        """Ask for the units of networks on the same data, their dense one first; None if all of it is known.

        With `activity`, also where the scores are known but not what they rest on (shipped ones come without).
        """
        ordered = with_dense_first(map(resolved, specs))
        subject = find_subject(ordered[0], self.store.folder)
        packed, asked = subject.fingerprint() is not None, resolved_study(study, subject)
        wanted = [
            one for one in ordered if not (packed and self._is_studied(one, run_of(one, subject), asked, activity))
        ]
        if not wanted:
            return None
        if packed:
            put_runs(self.store, [run_of(spec, subject) for spec in wanted])
        request = {
            "study": study_to_json(asked),
            "specs": [spec.to_json() for spec in wanted],
            "kind": asked.kind,
            "images": asked.images,
            "known": packed,
        }
        return queue.enqueue(
            self.store, UNITS, _digest(request), f"Units, {asked.score}, {count(len(wanted), 'network')}", request
        )

    def visualise(self, specs: Iterable[ExperimentSpec], visualisation: Visualisation) -> Job | None:
        """Ask for the pictures of a unit in networks on the same data, dense first; None if all are known."""
        ordered = with_dense_first(map(resolved, specs))
        subject = find_subject(ordered[0], self.store.folder)
        packed = subject.fingerprint() is not None
        wanted = [one for one in ordered if not (packed and self._is_visualised(run_of(one, subject), visualisation))]
        if not wanted:
            return None
        if packed:
            put_runs(self.store, [run_of(spec, subject) for spec in wanted])
        request = {
            "visualisation": visualisation.to_json(),
            "specs": [spec.to_json() for spec in wanted],
            "kind": visualisation.kind,
            "known": packed,
        }
        title = f"Visualise {visualisation.in_words()}, {count(len(wanted), 'network')}"
        return queue.enqueue(self.store, VISUALISE, _digest(request), title, request)

    def efficiency(self, specs: Iterable[ExperimentSpec], device: str = "auto") -> Job | None:
        """Ask for size and speed of networks on the same data and of their dense one; None if all of it is known.

        Speed is known of a device, by its name: measured on another machine it is measured again.
        """
        ordered, on = with_dense_first(map(resolved, specs)), pick_device(device)
        subject = find_subject(ordered[0], self.store.folder)
        packed = subject.fingerprint() is not None
        wanted = [one for one in ordered if not (packed and is_timed(self.store, run_of(one, subject).id, on))]
        if not wanted:
            return None
        if packed:
            put_runs(self.store, [run_of(spec, subject) for spec in wanted])
        request = {"specs": [spec.to_json() for spec in wanted], "known": packed}
        title = f"Size and speed of {count(len(wanted), 'network')}"
        return queue.enqueue(self.store, EFFICIENCY, _digest(request), title, request)

    def prepare(self, spec: ExperimentSpec) -> Job | None:
        """Ask for the packing of the data that a spec names; None if it is packed."""
        if find_subject(spec, self.store.folder).packed() is not None:
            return None
        return self._submit_pack(spec, (), Extent())

    def fetch(self) -> Job:
        """Ask for the download of Imagenette; one that was stopped goes on where it was."""
        return queue.enqueue(self.store, FETCH, IMAGENETTE, "Download Imagenette", {})

    def remake(self, specs: Iterable[ExperimentSpec]) -> tuple[Job, ...]:
        """Ask for the weights of retrained runs that are not here, such as shipped ones; return the jobs.

        Trained anew they are measured anew, for on another machine they come out a little otherwise.
        """
        wanted = [spec for spec in map(resolved, specs) if spec.retraining]
        return tuple(job for job in map(self._remake, wanted) if job)

    def status(self, identity: str) -> Job | None:
        """Return the job's row as it is now."""
        return queue.job(self.store, identity)

    def list(self, states: Sequence[str] = (*queue.OPEN, *queue.ENDED)) -> list[Job]:
        """Return the jobs in any of `states`: running, then queued in order, then ended, the latest first."""
        return queue.jobs(self.store, states)

    def cancel(self, identities: Sequence[str]) -> None:
        """Stop these jobs; what they have measured is kept and a later submission continues it."""
        queue.cancel(self.store, identities)

    def retry(self, job: Job) -> Job:
        """Queue an ended job again as it was asked for."""
        return queue.enqueue(self.store, job.kind, job.subject, job.title, job.request)

    def logs(self, identity: str) -> str:
        """Return what the job wrote while it ran, empty if nothing."""
        path = self.store.folder / "logs" / f"{identity}.log"
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def _is_studied(self, spec: ExperimentSpec, run: Run, study: UnitStudy, activity: bool) -> bool:
        known = is_studied(self.store, run.id, study) and (has_activity(self.store, run.id, study) or not activity)
        return known and not (spec.is_dense and randomised_figures(self.store, study, run.id) is None)

    def _submit_one(self, run: Run, spec: ExperimentSpec, subject: Subject, extent: Extent) -> Job | None:
        if is_complete(self.store, run.id, extent, subject.available()):
            return None
        open_job = queue.job(self.store, queue.job_id(ACCURACY, run.id))
        if open_job and open_job.state in queue.OPEN:
            extent = extent.joined(Extent(**open_job.request))
        return self._enqueue(run, spec, subject, extent)

    def _is_visualised(self, run: Run, visualisation: Visualisation) -> bool:
        return find_visualised(self.store, run.id, visualisation) is not None

    def _remake(self, spec: ExperimentSpec) -> Job | None:
        subject = find_subject(spec, self.store.folder)
        run = run_of(spec, subject)
        if has_weights(self.store.folder, run.id):
            return None
        put_runs(self.store, [run])
        known = find_result(self.store, run.id, ACCURACY)
        return self._enqueue(run, spec, subject, Extent(int(known["images"])) if known else Extent())

    def _enqueue(self, run: Run, spec: ExperimentSpec, subject: Subject, extent: Extent) -> Job:
        title = f"{subject.network.title}, {spec_in_words(spec, subject.network.zeros)}"
        return queue.enqueue(self.store, ACCURACY, run.id, title, asdict(extent))

    def _submit_pack(self, of: ExperimentSpec, then: Sequence[ExperimentSpec], extent: Extent) -> Job:
        request = {"of": of.to_json(), "then": [spec.to_json() for spec in then], "extent": asdict(extent)}
        title = f"Pack {of.data}" + (f", then run {len(then)} networks" if then else "")
        return queue.enqueue(self.store, PACK, _digest(request), title, request)


def put_runs(store: Store, runs: Iterable[Run]) -> None:
    """Write runs; those that are there already stay as they are."""
    with store.writing() as db:
        for run in runs:
            put_run(db, run)


def is_complete(store: Store, run_id: str, extent: Extent, available: int) -> bool:
    """Return whether the run's accuracy is already as exact as `extent` asks, of `available` images.

    What the figures rest on is read and checked by hash: if some of it is damaged, the run is not complete.
    """
    figures = find_result(store, run_id, ACCURACY)
    if figures is None or not is_enough(figures, extent, available):
        return False
    return len(load(store, run_id)) >= int(figures["images"])


def is_timed(store: Store, run_id: str, device: str) -> bool:
    """Return whether size and speed of a run were measured, the speed on a device of this name."""
    speed = find_result(store, run_id, "speed")
    known = speed is not None and speed.get("device") == device_in_words(device)
    return known and find_result(store, run_id, "size") is not None


def is_enough(figures: dict[str, float], extent: Extent, available: int) -> bool:
    """Return whether these figures are as exact as `extent` asks."""
    precise = extent.precision is not None and half_width(figures) <= extent.precision
    return precise or figures["images"] >= extent.most(available)


def _is_surveyed(store: Store, spec: ExperimentSpec, subject: Subject, survey: Survey) -> bool:
    """Return whether a survey of a network, of the dense one with its yardsticks, saw as many images as are asked.

    What the figures rest on is read and checked by hash: if some of it is damaged, it is to be surveyed again.
    """
    sha = subject.fingerprint()
    if sha is None:
        return False
    run_id, wanted = spec.run_id(subject.network.sha256, sha), min(survey.images, subject.available())
    kinds = [survey.kind, *(survey.yardstick(name) for name in YARDSTICKS if spec.is_dense)]
    return all(_has_seen(store, run_id, kind, survey, wanted) for kind in kinds)


def _has_seen(store: Store, run_id: str, kind: str, survey: Survey, images: int) -> bool:
    figures = find_result(store, run_id, kind)
    if figures is None or figures["images"] < images:
        return False
    return len(batches.load(store, run_id, kind, survey.measures.rows)) >= images


def _source_of(spec: ExperimentSpec) -> tuple[str, str | None, str, str]:
    return spec.network, spec.weights, spec.data, spec.preprocess


def run_of(spec: ExperimentSpec, subject: Subject) -> Run:
    """Return the run of a spec on a subject whose data is packed."""
    data_sha = subject.fingerprint() or ""
    pruning: dict[str, Any] = spec.pruning.canonical()
    return Run(
        id=spec.run_id(subject.network.sha256, data_sha),
        spec=spec.to_json(),
        network=spec.network,
        network_sha=subject.network.sha256,
        data=spec.data,
        data_sha=data_sha,
        created_at=time.time(),
        rate=spec.pruning.rate,
        technique=pruning.get("technique"),
        criterion=pruning.get("criterion"),
        scope=pruning.get("scope"),
        form=pruning.get("form"),
        seed=pruning.get("seed"),
    )


def _digest(request: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:16]
