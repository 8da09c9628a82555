"""The pruned network of an experiment: cut from the dense one, or as its retraining left it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from core.experiment import ExperimentSpec
from core.networks.network import Network
from core.pruning.masks import Masks, joined_masks, pruned_copy
from core.pruning.own import all_masks, own_masks
from core.training.stages import still_removed
from core.training.weights import load_weights


@dataclass(frozen=True, eq=False)
class Pruned:
    """A module of its own, on the CPU, with what was removed from it at zero, and the masks that say what that is.

    What a network that was pruned elsewhere came without is among it.
    """

    module: nn.Module
    masks: Masks


def pruned_network(network: Network, spec: ExperimentSpec, run_id: str, folder: Path) -> Pruned:
    """Return the network of a run; `folder` is the store's, where the weights of retrained ones lie.

    Raises MissingFileError if the run was retrained elsewhere, so that its weights are not here.
    """
    if spec.retraining is None:
        masks = all_masks(network, spec.pruning)
        return Pruned(pruned_copy(network.module, masks), masks)
    weights = load_weights(folder, run_id)
    module = network.copy()
    module.load_state_dict(weights.state)
    return Pruned(module, joined_masks(still_removed(module, own_masks(network.module)), weights.masks))
