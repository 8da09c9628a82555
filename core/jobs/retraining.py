"""Train the network of a run: every epoch is told, and work that was cut off goes on."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from core.data.source import Source
from core.errors import BrokenDataError
from core.experiment import ExperimentSpec
from core.jobs.executor import put_runs, run_of
from core.jobs.subject import Subject, find_subject, training_images
from core.networks.network import weights_sha256
from core.progress import Progress
from core.pruning.masks import make_masks, sparsity
from core.store.database import Store
from core.store.retrained import checkpoint_folder, has_weights
from core.store.runs import Run, find_result, forget_measured, put_result
from core.training.history import History
from core.training.images import drawn_once
from core.training.parallel import leads
from core.training.retrain import Retrained, retrain
from core.training.retraining import Retraining
from core.training.separation import check_classes, check_separate
from core.training.weights import Weights, save_weights

TRAINING = "training"
SHA = "weights_sha256"
_log = logging.getLogger(__name__)


def ensure_retrained(
    store: Store, run: Run, spec: ExperimentSpec, subject: Subject, device: str, progress: Progress
) -> None:
    """Train the network of a run if it is to be retrained and its weights are not here.

    What was measured on other weights of the run (shipped, or made on another machine) is forgotten: no two machines
    train to the same bits. Raises the errors of `retrain`, and BrokenDataError if the training images changed.
    """
    if spec.retraining is None or has_weights(store.folder, run.id):
        return
    images = drawn_once(_images(spec, spec.retraining, subject), store.folder, progress)
    check_classes(images, subject.source)
    check_separate(images, subject.source, store.folder, progress)
    module, earlier = subject.network.module, (find_result(store, run.id, TRAINING) or {}).get(SHA)
    known = {"sparsity_before": asdict(sparsity(module, make_masks(module, spec.pruning)))}

    def told(history: History) -> None:
        with store.writing() as db:
            put_result(db, run.id, TRAINING, _told(history) | known | {SHA: earlier})

    trained = retrain(
        subject.network,
        spec.pruning,
        spec.retraining,
        images,
        device=device,
        folder=checkpoint_folder(store.folder, run.id),
        preset=subject.preset,
        progress=progress,
        told=told,
    )
    if leads():
        _save(store, run, trained, known, earlier)


def retrain_together(store: Store, specs: Iterable[ExperimentSpec], device: str, progress: Progress) -> None:
    """Train what the specs ask for as one of the processes that torchrun started; all of them call this alike.

    The specs are resolved. The first process writes; what is trained then is measured by jobs, as ever.
    """
    for spec in (one for one in specs if one.retraining):
        subject = find_subject(spec, store.folder, progress)
        subject.pack(progress)
        run = run_of(spec, subject)
        if leads():
            put_runs(store, [run])
        ensure_retrained(store, run, spec, subject, device, progress)


def _images(spec: ExperimentSpec, retraining: Retraining, subject: Subject) -> Source:
    images = training_images(spec, subject.network)
    if images.identity() != retraining.data_sha:
        raise BrokenDataError(
            f"the training images {retraining.data} changed since this run was asked for",
            "the same images",
            "run it again",
        )
    return images


def _save(store: Store, run: Run, trained: Retrained, known: dict[str, Any], earlier: str | None) -> None:
    """Write the weights, then the history; figures of `earlier` weights are forgotten if these are others."""
    state = trained.module.state_dict()
    sha = weights_sha256(state)
    save_weights(store.folder, run.id, Weights(state, trained.masks))
    with store.writing() as db:
        if earlier not in (None, sha):
            forget_measured(db, run.id)
        put_result(db, run.id, TRAINING, _told(trained.history) | known | {SHA: sha})
    shutil.rmtree(checkpoint_folder(store.folder, run.id), ignore_errors=True)
    _log.info("run %s: trained %d epochs", run.id, len(trained.history.rows))


def _told(history: History) -> dict[str, Any]:
    """Return a history with its sums; the speed is in training images per second, None before the first epoch."""
    trained = [row for row in history.rows if row.epoch]
    seconds = sum(row.seconds for row in trained)
    speed = history.images * len(trained) / seconds if seconds else None
    return history.to_json() | {"epochs": len(trained), "seconds": seconds, "training_images_per_second": speed}
