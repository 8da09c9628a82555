"""Runs that are named on the command line, and what their networks are called there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import InvalidSettingError
from core.experiment import ExperimentSpec
from core.store.database import open_store
from core.store.demo import import_demo
from core.store.runs import Run, find_run
from core.unpruned import unpruned_short
from core.words import count


def named_runs(ids: Sequence[str]) -> list[Run]:
    """Return the runs of these ids in the store.

    Raises InvalidSettingError for one that there is not, and unless all are of one network and the same images.
    """
    if not ids:
        return []
    store = open_store()
    import_demo(store)
    found = {run_id: find_run(store, run_id) for run_id in ids}
    for run_id, run in found.items():
        if run is None:
            raise InvalidSettingError(f"run {run_id!r}", "the id of a run in the store", "the page Runs lists them")
    runs = [run for run in found.values() if run]
    _check_alike(runs)
    return runs


def specs_of(runs: Sequence[Run]) -> list[ExperimentSpec]:
    """Return what was asked for in these runs."""
    return [ExperimentSpec.from_json(run.spec) for run in runs]


def network_in_words(row: Mapping[str, Any]) -> str:
    """Return the network of a row in words: "structured 0.20", "dense, retrained 2 epochs by SGD"."""
    pruned = f"{row['technique']} {row['rate']:.2f}" if row["technique"] else unpruned_short(row["own_zeros"])
    return f"{pruned}, {row['retraining']}" if row.get("retraining") else pruned


def network_in_files(spec: ExperimentSpec, own_zeros: float) -> str:
    """Return what files of a network are called by: "structured-0.2-retrained", "dense"."""
    pruning = spec.pruning
    pruned = unpruned_short(own_zeros) if pruning.dense else f"{pruning.technique}-{pruning.rate:g}"
    return f"{pruned.replace(' ', '-')}{'-retrained' if spec.retraining else ''}"


def _check_alike(runs: Sequence[Run]) -> None:
    first = runs[0]
    other = [run.id for run in runs if (run.network_sha, run.data_sha) != (first.network_sha, first.data_sha)]
    if other:
        raise InvalidSettingError(
            f"{count(len(other), 'run')} of another network or other images than {first.id}: {', '.join(other)}",
            "runs of one network and the same images",
            "ask for the runs of each network by themselves",
        )
