"""Our masks are those of `torch.nn.utils.prune`, ties and rounding included."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from core.layer_names import INCEPTION_CONVS
from core.pruning.masks import Masks, make_masks
from core.pruning.settings import Pruning

RATES = [0.03125, 0.3, 0.77]  # 0.03125 x 48 and x 80 end in .5: half to even
FEW_RATES = [0.5]  # where millions of weights are ranked


def prunable_layers(module: nn.Module) -> dict[str, nn.Module]:
    return {name: module.get_submodule(name) for name in INCEPTION_CONVS}


@pytest.fixture(scope="module", params=["distinct", "tied", "channels_last"])
def weights(request, network):
    """A network whose weights are nearly all different, or -1, 0 and 1 alone, or laid out otherwise in memory."""
    if request.param == "distinct":
        return network
    changed = copy.deepcopy(network)
    if request.param == "channels_last":
        return changed.to(memory_format=torch.channels_last)
    for layer in prunable_layers(changed).values():
        layer.weight.copy_(layer.weight.div(0.01).round().clamp(-1, 1))
    return changed


def reference(module: nn.Module, method) -> Masks:
    """The masks that `method(layer)` makes, one layer after the other, of contiguous copies of the weights."""
    pruned = copy.deepcopy(module).to(memory_format=torch.contiguous_format)
    for layer in prunable_layers(pruned).values():
        method(layer)
    return masks_of(pruned)


def masks_of(pruned: nn.Module) -> Masks:
    return {f"{name}.weight": layer.weight_mask.bool() for name, layer in prunable_layers(pruned).items()}


def assert_same(ours: Masks, theirs: Masks) -> None:
    for name, mask in theirs.items():
        assert torch.equal(ours[name] if name in ours else torch.ones_like(mask), mask), name
    assert set(ours) <= set(theirs)


@pytest.mark.parametrize("rate", FEW_RATES)
def test_unstructured_l1_local(weights, rate):
    theirs = reference(weights, lambda layer: prune.l1_unstructured(layer, "weight", rate))
    assert_same(make_masks(weights, Pruning("unstructured", "l1", "local", rate)), theirs)


@pytest.mark.parametrize("rate", FEW_RATES)
def test_unstructured_l1_global(weights, rate):
    pruned = copy.deepcopy(weights).to(memory_format=torch.contiguous_format)
    pool = [(layer, "weight") for layer in prunable_layers(pruned).values()]
    prune.global_unstructured(pool, prune.L1Unstructured, amount=rate)
    assert_same(make_masks(weights, Pruning("unstructured", "l1", "global", rate)), masks_of(pruned))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("criterion", "order"), [("l1", 1), ("l2", 2)])
def test_structured_local(weights, criterion, order, rate):
    theirs = reference(weights, lambda layer: prune.ln_structured(layer, "weight", rate, n=order, dim=0))
    assert_same(make_masks(weights, Pruning("structured", criterion, "local", rate, form="published")), theirs)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("criterion", "order"), [("l1", 1), ("l2", 2)])
def test_connection_local_for_as_many_channels(weights, criterion, order, rate):
    def method(layer: nn.Conv2d) -> None:
        prune.ln_structured(layer, "weight", math.floor(rate * layer.in_channels), n=order, dim=1)

    assert_same(make_masks(weights, Pruning("connection", criterion, "local", rate)), reference(weights, method))


@pytest.mark.parametrize("order", [1, 2])
def test_connection_local_where_floor_and_round_agree(weights, order):
    theirs = reference(weights, lambda layer: prune.ln_structured(layer, "weight", 0.5, n=order, dim=1))
    assert_same(make_masks(weights, Pruning("connection", f"l{order}", "local", 0.5)), theirs)


def test_connection_l1_is_the_published_rule(network):
    masks = make_masks(network, Pruning("connection", "l1", "local", 0.37))
    for name, layer in prunable_layers(network).items():
        sums = layer.weight.abs().sum((0, 2, 3))
        removed = sums.argsort()[: int(0.37 * layer.in_channels)]
        emptied = (~masks[f"{name}.weight"]).all(0).all(1).all(1).nonzero().flatten()
        assert sorted(emptied.tolist()) == sorted(removed.tolist())


def test_stem_and_classifier_are_pruned_alike(network):
    ours = make_masks(network, Pruning("unstructured", "l1", "local", 0.3, stem=True, fc=True))
    for name in ("conv1.conv", "fc"):
        layer = copy.deepcopy(network.get_submodule(name))
        prune.l1_unstructured(layer, "weight", 0.3)
        assert torch.equal(ours[f"{name}.weight"], layer.weight_mask.bool())
