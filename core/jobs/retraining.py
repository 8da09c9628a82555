"""Train the network of a run: every epoch is told, and work that was cut off goes on."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import asdict
from typing import Any

from core.data.source import Source
from core.errors import CancelledError
from core.experiment import ExperimentSpec
from core.jobs.devices import device_lock
from core.jobs.executor import put_runs, run_of
from core.jobs.subject import Subject, changed, check_training_images, find_subject, training_images
from core.networks.network import weights_sha256
from core.progress import Progress
from core.pruning.masks import Sparsity, sparsity
from core.pruning.own import all_masks
from core.store.database import Store
from core.store.retrained import (
    LIVE,
    SHA,
    TRAINING,
    checkpoint_folder,
    delete_networks,
    delete_units,
    delete_weights,
    has_weights,
)
from core.store.runs import Run, find_result, find_run, forget_measured, forget_result, put_result, require_run
from core.training.history import History
from core.training.images import drawn_once
from core.training.parallel import joined, leads
from core.training.retrain import Retrained, retrain
from core.training.retraining import Retraining
from core.training.separation import check_separate
from core.training.weights import Weights, load_weights, save_weights

_log = logging.getLogger(__name__)


def ensure_retrained(
    store: Store, run: Run, spec: ExperimentSpec, subject: Subject, device: str, progress: Progress
) -> None:
    """Train the network of a run if it is to be retrained and its weights are not here.

    What was measured on other weights of the run (shipped, or made on another machine) is forgotten: no two machines
    train to the same bits. Raises the errors of `retrain`, BrokenDataError if the training images changed or the
    weights that are here are damaged, and CancelledError if the run is deleted meanwhile.
    """
    if spec.retraining is not None and not _is_retrained(store, run.id):
        _make(store, run, spec, spec.retraining, subject, device, progress)


def retrain_together(store: Store, specs: Iterable[ExperimentSpec], device: str, progress: Progress) -> None:
    """Train what the specs ask for as one of the processes that torchrun started; all of them call this alike.

    The specs are resolved. The first process writes, and holds the device's lock: what a worker does meanwhile is
    waited for. What is trained then is measured by jobs, as ever.
    """
    with joined(device) as ranks:
        lock = device_lock(store, str(ranks.device))
        for spec in specs:
            with lock if ranks.first else nullcontext():
                subject = find_subject(spec, store.folder, progress)
                subject.pack(progress)
                run = run_of(spec, subject)
                if ranks.first:
                    put_runs(store, [run])
                if spec.retraining and not ranks.agree(ranks.first and _is_retrained(store, run.id)):
                    _make(store, run, spec, spec.retraining, subject, device, progress)


def _is_retrained(store: Store, run_id: str) -> bool:
    """Return whether the weights of a run are here.

    Those that are not the ones that its history and its figures are of are deleted: nothing says how they came about.
    """
    if not has_weights(store.folder, run_id):
        return False
    known = (find_result(store, run_id, TRAINING) or {}).get(SHA)
    if weights_sha256(load_weights(store.folder, run_id).state) == known:
        return True
    _log.warning("run %s: its weights are not those that its figures are of; it is trained again", run_id)
    delete_weights(store.folder, [run_id])
    return False


def _make(
    store: Store,
    run: Run,
    spec: ExperimentSpec,
    retraining: Retraining,
    subject: Subject,
    device: str,
    progress: Progress,
) -> None:
    images = drawn_once(_images(spec, retraining, subject), store.folder, progress)
    check_separate(images, subject.source, store.folder, progress)

    def told(history: History) -> None:
        with store.writing() as db:
            require_run(db, run.id)
            put_result(db, run.id, LIVE, _told(history))

    try:
        trained = retrain(
            subject.network,
            spec.pruning,
            retraining,
            images,
            device=device,
            folder=checkpoint_folder(store.folder, run.id),
            preset=subject.preset,
            progress=progress,
            told=told,
        )
        if leads():
            _save(store, run, trained, asdict(_sparsity_before(spec, subject)))
    except CancelledError:
        if find_run(store, run.id) is None:
            delete_networks(store.folder, [run.id])
        raise


def _sparsity_before(spec: ExperimentSpec, subject: Subject) -> Sparsity:
    return sparsity(subject.network.module, all_masks(subject.network, spec.pruning))


def _images(spec: ExperimentSpec, retraining: Retraining, subject: Subject) -> Source:
    images = training_images(spec, subject.network)
    if images.identity() != retraining.data_sha:
        raise changed(f"the training images {retraining.data}", "the same images")
    check_training_images(images, retraining, subject)
    return images


def _save(store: Store, run: Run, trained: Retrained, sparsity_before: dict[str, float]) -> None:
    """Write the history and forget the figures of other weights, all at once, and the weights last.

    So weights that are here are those that the figures are of. Killed between the two, they are made again from the
    last checkpoint; should they come out otherwise then, what is written first says so again.
    """
    state = trained.module.state_dict()
    sha = weights_sha256(state)
    other = (find_result(store, run.id, TRAINING) or {}).get(SHA) != sha
    with store.writing() as db:
        require_run(db, run.id)
        if other:
            forget_measured(db, run.id)
        forget_result(db, run.id, LIVE)
        put_result(db, run.id, TRAINING, _told(trained.history) | {"sparsity_before": sparsity_before, SHA: sha})
    if other:
        delete_units(store.folder, [run.id])
    save_weights(store.folder, run.id, Weights(state, trained.masks))
    shutil.rmtree(checkpoint_folder(store.folder, run.id), ignore_errors=True)
    _log.info("run %s: trained %d epochs", run.id, len(trained.history.rows))


def _told(history: History) -> dict[str, Any]:
    """Return a history with its sums; the speed is in training images per second, None before the first epoch."""
    trained = [row for row in history.rows if row.epoch]
    seconds = sum(row.seconds for row in trained)
    speed = history.images * len(trained) / seconds if seconds else None
    return history.to_json() | {"epochs": len(trained), "seconds": seconds, "training_images_per_second": speed}
