"""Measure experiments here and now, in this process, and give their figures as rows."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from core.errors import PrunescopeError
from core.evaluation.accuracy import accuracy, against_dense
from core.experiment import ExperimentSpec, Extent, with_dense_first
from core.jobs.executor import ACCURACY, Executor, Submission
from core.jobs.worker import POLL_SECONDS, work_once
from core.progress import Progress, silent
from core.store import queue
from core.store.database import Store
from core.store.predictions import load
from core.store.runs import find_result, find_run


def evaluate(
    store: Store, specs: Iterable[ExperimentSpec], extent: Extent, device: str, progress: Progress = silent
) -> Iterator[dict[str, Any]]:
    """Yield one row a network, the dense one first, over exactly the images that `extent` asks for.

    What the store knows already is not measured again. Another process may do some of the jobs; their results are
    taken too. Interrupted, the jobs that are left are cancelled. Raises PrunescopeError with a failed job's reason.
    """
    ordered, executor = with_dense_first(specs), Executor(store)
    submission = executor.submit(ordered, extent)
    try:
        if not submission.run_ids:
            _work_through(store, submission, device, progress)
            submission = executor.submit(ordered, extent)
        _work_through(store, submission, device, progress)
    except KeyboardInterrupt:
        executor.cancel([job.id for job in executor.list(queue.OPEN) if job.subject in submission.run_ids])
        raise
    dense_id = submission.run_ids[0]
    for run_id, spec in zip(submission.run_ids, ordered, strict=True):
        dense_id = run_id if spec.pruning.dense else dense_id
        yield row(store, run_id, dense_id, extent)


def row(store: Store, run_id: str, dense_id: str, extent: Extent) -> dict[str, Any]:
    """Return what is known of a run: what was done, sparsity, accuracy with intervals, change against dense."""
    run, figures = find_run(store, run_id), find_result(store, run_id, ACCURACY)
    shares = find_result(store, run_id, "sparsity")
    if run is None or figures is None or shares is None:
        raise PrunescopeError(f"nothing was measured on run {run_id}", "", "run it again")
    predictions = load(store, run_id, min(extent.images or figures["images"], figures["images"]))
    dense = load(store, dense_id)
    return {
        "run_id": run.id,
        "network": run.network,
        "data": run.data,
        "technique": run.technique,
        "criterion": run.criterion,
        "scope": run.scope,
        "form": run.form,
        "seed": run.seed,
        "rate": run.rate,
        "sparsity": {name: shares[name] for name in ("prunable", "conv", "all")},
        **accuracy(predictions),
        **(against_dense(predictions, dense) if run_id != dense_id else {}),
        "images_per_second": figures.get("images_per_second"),
    }


def _work_through(store: Store, submission: Submission, device: str, progress: Progress) -> None:
    """Do the submitted jobs, or wait while another process does them."""
    ids = [job.id for job in submission.jobs]
    while left := _open(store, ids):
        progress(len(ids) - len(left), len(ids), _what(left))
        if work_once(store, device, only=ids) is None:
            time.sleep(POLL_SECONDS)
    progress(len(ids), len(ids), "done")
    for identity in ids:
        job = queue.job(store, identity)
        if job is None or job.state != queue.DONE:
            raise PrunescopeError(job.message or f"{job.title} was {job.state}" if job else f"{identity} was deleted")


def _open(store: Store, ids: Sequence[str]) -> list[queue.Job]:
    found = (queue.job(store, identity) for identity in ids)
    return [job for job in found if job is not None and job.state in queue.OPEN]


def _what(left: Sequence[queue.Job]) -> str:
    return next((job.title for job in left if job.state == queue.RUNNING), left[0].title)
