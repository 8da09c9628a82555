"""A retrained network in a store without the minutes that training takes: other weights, their masks held."""

from __future__ import annotations

from dataclasses import replace

import torch

from core.experiment import ExperimentSpec
from core.jobs.executor import put_runs, run_of
from core.jobs.subject import find_subject
from core.pruning.masks import apply_masks
from core.pruning.own import all_masks
from core.store.database import Store
from core.training.retraining import Retraining
from core.training.weights import Weights, save_weights

RETRAINING = Retraining(data="scenes:training", data_sha="t" * 64)


def retrained(spec: ExperimentSpec, retraining: Retraining = RETRAINING) -> ExperimentSpec:
    """Return the same experiment with a retraining whose images were looked up."""
    return replace(spec, retraining=retraining)


def put_retrained(store: Store, spec: ExperimentSpec, *, weights: bool = True) -> str:
    """Write the run of a retrained spec into the store, with `weights` its network too, and return its id."""
    subject = find_subject(spec, store.folder)
    run = run_of(spec, subject)
    put_runs(store, [run])
    if weights:
        save_retrained(store, spec, run.id)
    return run.id


def save_retrained(store: Store, spec: ExperimentSpec, run_id: str, seed: int = 0) -> None:
    """Write other weights for the run, within its masks, as a retraining would leave them."""
    network = find_subject(spec, store.folder).network
    masks, module = all_masks(network, spec.pruning), network.copy()
    generator = torch.Generator().manual_seed(int(run_id[:8], 16) + seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(1 + 0.2 * torch.randn(parameter.shape, generator=generator))
    apply_masks(module, masks)
    save_weights(store.folder, run_id, Weights(module.state_dict(), masks))
