"""The job that measures a run's accuracy, batch by batch, each batch written as soon as it is there."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, dataclass

import numpy as np
import torch

from core.data.pack import Pack
from core.errors import BrokenDataError
from core.evaluation.accuracy import accuracy, against_dense
from core.evaluation.efficiency import size_of
from core.evaluation.predict import Predictor, predict
from core.experiment import ExperimentSpec, Extent
from core.jobs.executor import ACCURACY, is_enough
from core.jobs.pruned import pruned_network
from core.jobs.retraining import ensure_retrained
from core.jobs.subject import changed, find_subject, same_network
from core.jobs.task import Task
from core.networks.network import Network
from core.predictions import Predictions
from core.pruning.masks import layer_sparsity, sparsity
from core.store.predictions import append, images_per_second, load
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

    @property
    def total(self) -> int:
        """How many images are evaluated at most."""
        return self.extent.most(len(self.pack.labels))


def measure_accuracy(task: Task) -> None:
    """Bring the run that the job is about to the exactness it asks for, from where an earlier job left it.

    If its network is to be retrained, that is done first. A killed worker loses the batch it was at, of training
    what came after the last checkpoint, and nothing else: the next worker goes on from there.
    """
    measurement = _prepare(task)
    predictions = load(task.store, measurement.run.id)
    known, batch = len(predictions), BATCH[torch.device(task.device).type]
    while not _enough(measurement, predictions):
        fresh, seconds, batch = _next(measurement, len(predictions), batch)
        predictions = np.concatenate([predictions, fresh])
        _record(measurement, predictions, fresh, seconds, known)
    _summarise(measurement, predictions)


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
    return _Measurement(task.from_now(), run, Extent(**task.job.request), pack, predictor, dense)


def _pruned(task: Task, run: Run, spec: ExperimentSpec, network: Network) -> Predictor:
    pruned = pruned_network(network, spec, run.id, task.store.folder)
    shares = asdict(sparsity(pruned.module, pruned.masks)) | {"layers": layer_sparsity(pruned.module, pruned.masks)}
    size = find_result(task.store, run.id, "size") or size_of(network.module, pruned.module, network.preset.crop)
    with task.store.writing() as db:
        require_run(db, run.id)
        put_result(db, run.id, "sparsity", shares)
        put_result(db, run.id, "size", size)
    return Predictor.of(network, pruned.module, torch.device(task.device))


def _enough(measurement: _Measurement, predictions: Predictions) -> bool:
    available = len(measurement.pack.labels)
    return len(predictions) > 0 and is_enough(accuracy(predictions), measurement.extent, available)


def _next(measurement: _Measurement, start: int, batch: int) -> tuple[Predictions, float, int]:
    """Predict the batch at `start`; return it, the seconds it took, and the batch size that the memory allows."""
    began = time.perf_counter()
    try:
        fresh = predict(measurement.predictor, measurement.pack, measurement.pack.order[start : start + batch])
    except torch.OutOfMemoryError:
        if batch == 1:
            raise
        torch.cuda.empty_cache()
        _log.warning("out of memory with %d images a batch; going on with %d", batch, batch // 2)
        return _next(measurement, start, batch // 2)
    return fresh, time.perf_counter() - began, batch


def _record(
    measurement: _Measurement, predictions: Predictions, fresh: Predictions, seconds: float, known: int
) -> None:
    task, run = measurement.task, measurement.run
    done, total = min(len(predictions), measurement.total), measurement.total
    with task.store.writing() as db:
        append(db, run.id, len(predictions) - len(fresh), fresh, seconds)
        put_result(db, run.id, ACCURACY, _figures(measurement, predictions))
        row = task.tell_within(db, done, total, "evaluating", fresh=len(predictions) - known)
    task.stop_if_asked(row)


def _summarise(measurement: _Measurement, predictions: Predictions) -> None:
    """Write the final figures: over as many images as were asked for, however the last batch ended."""
    figures = _figures(measurement, predictions)
    rate = images_per_second(measurement.task.store, measurement.run.id)
    with measurement.task.store.writing() as db:
        put_result(db, measurement.run.id, ACCURACY, figures | {"images_per_second": rate})
    _log.info("%s: top-1 %.4f on %d images", measurement.task.job.title, figures["top1"], figures["images"])


def _figures(measurement: _Measurement, predictions: Predictions) -> dict[str, float]:
    counted = predictions[: measurement.total]
    dense = measurement.dense
    return accuracy(counted) | (against_dense(counted, dense) if dense is not None else {})
