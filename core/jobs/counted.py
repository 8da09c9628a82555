"""What is removed of the network of a run, as it is kept with the run."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import Any

from core.errors import BrokenDataError, CancelledError, MissingFileError, StorageError
from core.experiment import ExperimentSpec
from core.jobs.pruned import Pruned, pruned_network
from core.networks.network import Network
from core.pruning.masks import layer_sparsity, sparsity
from core.pruning.own import own_masks
from core.store.database import Store
from core.store.runs import find_run, put_result, require_run, results_of
from core.unpruned import came_pruned

SPARSITY = "sparsity"
_OWN = "own"  # what was gone before the network came; only counts since it is counted have it


def counted(network: Network, pruned: Pruned) -> dict[str, Any]:
    """Return the shares that are removed, in all, of each layer, and of them what the network came without."""
    shares = asdict(sparsity(pruned.module, pruned.masks)) | {"layers": layer_sparsity(pruned.module, pruned.masks)}
    return shares | {_OWN: asdict(sparsity(network.module, own_masks(network.module)))}


def count_again(store: Store, network: Network, data_sha: str) -> None:
    """Count anew what is removed where it was counted without what the network came without.

    Runs whose retrained weights are not here, or damaged, stay as they are; all do where nothing can be written.
    """
    if not came_pruned(network.zeros):
        return
    for run_id, shares in results_of(store, SPARSITY, network.sha256, data_sha).items():
        if _OWN not in shares:
            with suppress(MissingFileError, BrokenDataError, CancelledError, StorageError):
                _count_again(store, network, run_id)


def _count_again(store: Store, network: Network, run_id: str) -> None:
    run = find_run(store, run_id)
    if run is None:
        return
    shares = counted(network, pruned_network(network, ExperimentSpec.from_json(run.spec), run_id, store.folder))
    with store.writing() as db:
        require_run(db, run_id)
        put_result(db, run_id, SPARSITY, shares)
