"""Measure experiments here and now, in this process, and give their figures as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from core.errors import PrunescopeError
from core.evaluation.accuracy import accuracy, accuracy_present, against_dense
from core.experiment import ExperimentSpec, Extent, with_dense_first
from core.jobs.executor import ACCURACY, Executor
from core.jobs.foreground import work_through
from core.progress import Progress, silent
from core.store.database import Store
from core.store.predictions import load, load_present
from core.store.retrained import TRAINING
from core.store.runs import Run, find_result, find_run
from core.unpruned import zeros


def evaluate(
    store: Store, specs: Iterable[ExperimentSpec], extent: Extent, device: str, progress: Progress = silent
) -> Iterator[dict[str, Any]]:
    """Yield one row a network, the dense one first, over exactly the images that `extent` asks for.

    What the store knows already is not measured again. Another process may do some of the jobs; their results are
    taken too. Interrupted, the jobs that are left are cancelled. Raises PrunescopeError with a failed job's reason.
    """
    ordered, executor = with_dense_first(specs), Executor(store)
    submission = executor.submit(ordered, extent)
    if not submission.run_ids:
        work_through(store, submission.jobs, device, progress)
        submission = executor.submit(ordered, extent)
    work_through(store, submission.jobs, device, progress)
    dense_id = submission.run_ids[0]
    for run_id, spec in zip(submission.run_ids, ordered, strict=True):
        dense_id = run_id if spec.is_dense else dense_id
        yield row(store, run_id, dense_id, extent)


def row(store: Store, run_id: str, dense_id: str, extent: Extent) -> dict[str, Any]:
    """Return what is known of a run: what was done, sparsity, accuracy with intervals, change against dense."""
    run, figures = find_run(store, run_id), find_result(store, run_id, ACCURACY)
    shares = find_result(store, run_id, "sparsity")
    if run is None or figures is None or shares is None:
        raise PrunescopeError(f"nothing was measured on run {run_id}", "", "run it again")
    predictions = load(store, run_id, min(extent.images or figures["images"], figures["images"]))
    dense = load(store, dense_id)
    present = load_present(store, run_id, len(predictions)) if "classes_present" in figures else None
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
        "own_zeros": zeros(find_result(store, dense_id, "size") or {}),
        **_retrained(store, run),
        "sparsity": {name: shares[name] for name in ("prunable", "conv", "all")},
        **accuracy(predictions),
        **({} if present is None else accuracy_present(present, predictions, figures["classes_present"])),
        **(against_dense(predictions, dense) if run_id != dense_id else {}),
        "images_per_second": figures.get("images_per_second"),
    }


def _retrained(store: Store, run: Run) -> dict[str, Any]:
    """Return how a run was retrained; nothing of one that was not."""
    how = ExperimentSpec.from_json(run.spec).retraining
    if how is None:
        return {}
    told = find_result(store, run.id, TRAINING) or {}
    figures = {name: told.get(name) for name in ("sparsity_before", "epochs", "seconds", "training_images_per_second")}
    return {"retraining": how.in_words(), **figures}
