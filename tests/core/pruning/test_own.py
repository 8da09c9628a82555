from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from core.networks.registry import load_network
from core.pruning.criteria import CRITERIA
from core.pruning.masks import joined_masks, make_masks, pruned_copy, sparsity
from core.pruning.own import all_masks, own_masks
from core.pruning.settings import Pruning
from core.pruning.techniques import TECHNIQUES
from core.training.stages import weights_sparsity


@pytest.fixture(scope="module")
def demo():
    return load_network("demo")


def came_with(network, *args, **kwargs):
    """The network as it would come, pruned elsewhere."""
    return replace(network, module=pruned_copy(network.module, make_masks(network.module, Pruning(*args, **kwargs))))


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_the_zeros_with_which_a_network_came_are_its_own(demo, technique):
    came = came_with(demo, technique, rate=0.3)
    own = own_masks(came.module)
    assert sparsity(came.module, own).prunable == pytest.approx(weights_sparsity(came.module), abs=1e-4)
    assert own_masks(demo.module) == {}


@pytest.mark.parametrize("criterion", [name for name in CRITERIA if name in ("l1", "random")])
@pytest.mark.parametrize("technique", TECHNIQUES)
@pytest.mark.parametrize("rate", [0.0, 0.2, 0.6])
def test_sparsity_is_the_share_of_zeros_whoever_put_them_there(demo, technique, criterion, rate):
    came = came_with(demo, "unstructured", rate=0.3)
    pruning = Pruning(technique, criterion, rate=rate)
    masks = all_masks(came, pruning)
    pruned = pruned_copy(came.module, masks)
    assert sparsity(pruned, masks).prunable == pytest.approx(weights_sparsity(pruned), abs=1e-6)
    again = pruned_copy(came.module, make_masks(came.module, pruning))
    assert all(torch.equal(one, other) for one, other in zip(pruned.parameters(), again.parameters(), strict=True))


def test_of_a_dense_network_all_is_removed_that_is_removed_here(demo):
    pruning = Pruning("structured", rate=0.2)
    masks, here = all_masks(demo, pruning), make_masks(demo.module, pruning)
    assert masks.keys() == here.keys()
    assert all(torch.equal(masks[name], here[name]) for name in here)


def test_joined_masks_remove_what_one_of_them_removes():
    one, other = {"a": torch.tensor([True, False])}, {"a": torch.tensor([False, True]), "b": torch.tensor([False])}
    assert {name: mask.tolist() for name, mask in joined_masks(one, other).items()} == {"a": [False] * 2, "b": [False]}
    assert joined_masks() == {}
