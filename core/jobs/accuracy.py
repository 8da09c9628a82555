"""The job that measures a run's accuracy, batch by batch, each batch written as soon as it is there."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.data.pack import Pack
from core.errors import BrokenDataError
from core.evaluation.accuracy import accuracy, accuracy_present, against_dense, classes_present
from core.evaluation.efficiency import size_of
from core.evaluation.predict import Predictor, among, tabulate
from core.experiment import ExperimentSpec, Extent
from core.jobs.counted import SPARSITY, counted
from core.jobs.executor import ACCURACY, is_enough
from core.jobs.pruned import pruned_network
from core.jobs.retraining import ensure_retrained
from core.jobs.subject import changed, find_subject, same_network
from core.jobs.task import Task
from core.networks.network import Network
from core.predictions import Predictions, Present
from core.store.predictions import append, append_present, images_per_second, load, load_present
from core.store.runs import Run, find_result, find_run, put_result, require_run

BATCH = {"cpu": 32, "cuda": 512}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Measurement:
    task: Task
    run: Run
    extent: Extent
    pack: Pack
    predictor: Predictor
    dense: Predictions | None  # None: this is the dense network
    present: NDArray[np.int64] | None  # the classes that have images; None: all

    @property
    def total(self) -> int:
        """How many images are evaluated at most."""
        return self.extent.most(len(self.pack.labels))


@dataclass(frozen=True, eq=False)
class _Said:
    """What the network said of the first images of the order; `present` is None where all classes have images."""

    predictions: Predictions
    present: Present | None

    @property
    def reached(self) -> int:
        """Of how many images all is known."""
        return min(len(one) for one in (self.predictions, self.present) if one is not None)

    def fresh(self, start: int, then: _Said) -> _Said:
        """Return what `then`, which begins at place `start`, adds to this."""
        present = None if self.present is None or then.present is None else then.present[len(self.present) - start :]
        return _Said(then.predictions[len(self.predictions) - start :], present)

    def joined(self, more: _Said) -> _Said:
        """Return this and what `fresh` found."""
        present = None if self.present is None else np.concatenate([self.present, more.present])
        return _Said(np.concatenate([self.predictions, more.predictions]), present)


def measure_accuracy(task: Task) -> None:
    """Bring the run that the job is about to the exactness it asks for, from where an earlier job left it.

    If its network is to be retrained, that is done first. A killed worker loses the batch it was at, of training
    what came after the last checkpoint, and nothing else: the next worker goes on from there.
    """
    measurement = _prepare(task)
    said = _known(measurement)
    known, batch = said.reached, BATCH[torch.device(task.device).type]
    while not _enough(measurement, said):
        then, seconds, batch = _next(measurement, said.reached, batch)
        said = _record(measurement, said, then, seconds, known)
    _summarise(measurement, said)


def _prepare(task: Task) -> _Measurement:
    run = find_run(task.store, task.job.subject)
    if run is None:
        raise BrokenDataError(f"run {task.job.subject} was deleted", "", "ask for it again")
    spec = ExperimentSpec.from_json(run.spec)
    subject = find_subject(spec, task.store.folder, task.progress)
    network = same_network(subject, run.network_sha)
    pack = subject.pack(task.progress)
    if pack.fingerprint != run.data_sha:
        raise changed(run.data, "the same images")
    ensure_retrained(task.store, run, spec, subject, task.device, task.from_now().telling())
    dense_id = spec.dense().run_id(run.network_sha, run.data_sha)
    dense = None if run.id == dense_id else load(task.store, dense_id)
    predictor = _pruned(task, run, spec, network)
    present = classes_present(pack.labels, len(network.classes))
    return _Measurement(task.from_now(), run, Extent(**task.job.request), pack, predictor, dense, present)


def _known(measurement: _Measurement) -> _Said:
    store, run_id = measurement.task.store, measurement.run.id
    return _Said(load(store, run_id), None if measurement.present is None else load_present(store, run_id))


def _pruned(task: Task, run: Run, spec: ExperimentSpec, network: Network) -> Predictor:
    pruned = pruned_network(network, spec, run.id, task.store.folder)
    shares = counted(network, pruned)
    size = find_result(task.store, run.id, "size") or size_of(network.module, pruned.module, network.preset.crop)
    with task.store.writing() as db:
        require_run(db, run.id)
        put_result(db, run.id, SPARSITY, shares)
        put_result(db, run.id, "size", size)
    return Predictor.of(network, pruned.module, torch.device(task.device))


def _enough(measurement: _Measurement, said: _Said) -> bool:
    if not len(said.predictions) or said.reached < min(len(said.predictions), measurement.total):
        return False
    return is_enough(accuracy(said.predictions), measurement.extent, len(measurement.pack.labels))


def _next(measurement: _Measurement, start: int, batch: int) -> tuple[_Said, float, int]:
    """Predict the batch at `start`; return it, the seconds it took, and the batch size that the memory allows."""
    began = time.perf_counter()
    try:
        said = _predict(measurement, measurement.pack.order[start : start + batch])
    except torch.OutOfMemoryError:
        if batch == 1:
            raise
        torch.cuda.empty_cache()
        _log.warning("out of memory with %d images a batch; going on with %d", batch, batch // 2)
        return _next(measurement, start, batch // 2)
    return said, time.perf_counter() - began, batch


def _predict(measurement: _Measurement, places: NDArray[np.int64]) -> _Said:
    pack, present = measurement.pack, measurement.present
    logits = measurement.predictor.logits(pack.batch(places))
    predictions = tabulate(logits, torch.from_numpy(pack.labels[places]).to(logits.device), places)
    return _Said(predictions, None if present is None else among(logits, present))


def _record(measurement: _Measurement, said: _Said, then: _Said, seconds: float, known: int) -> _Said:
    """Write what a batch adds to what was `said`, tell how far it is, and return all of it."""
    task, run = measurement.task, measurement.run
    fresh = said.fresh(said.reached, then)
    whole = said.joined(fresh)
    done, total = min(whole.reached, measurement.total), measurement.total
    with task.store.writing() as db:
        if len(fresh.predictions):
            append(db, run.id, len(said.predictions), fresh.predictions, seconds)
        if said.present is not None and fresh.present is not None and len(fresh.present):
            append_present(db, run.id, len(said.present), fresh.present, seconds)
        put_result(db, run.id, ACCURACY, _figures(measurement, whole))
        row = task.tell_within(db, done, total, "evaluating", fresh=whole.reached - known)
    task.stop_if_asked(row)
    return whole


def _summarise(measurement: _Measurement, said: _Said) -> None:
    """Write the final figures: over as many images as were asked for, however the last batch ended."""
    figures = _figures(measurement, said)
    rate = images_per_second(measurement.task.store, measurement.run.id)
    with measurement.task.store.writing() as db:
        put_result(db, measurement.run.id, ACCURACY, figures | {"images_per_second": rate})
    _log.info("%s: top-1 %.4f on %d images", measurement.task.job.title, figures["top1"], figures["images"])


def _figures(measurement: _Measurement, said: _Said) -> dict[str, Any]:
    counted = said.predictions[: measurement.total]
    dense, present, restricted = measurement.dense, measurement.present, {}
    if present is not None and said.present is not None:
        restricted = accuracy_present(said.present, counted, len(present))
    return accuracy(counted) | restricted | (against_dense(counted, dense) if dense is not None else {})
