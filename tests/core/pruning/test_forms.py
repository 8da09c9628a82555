"""The two forms of structured pruning: `clean` silences a channel, `published` leaves what batch norm makes of it."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from core.layer_names import HEAD, INCEPTION_CONVS
from core.pruning.masks import Masks, make_masks, pruned_copy
from core.pruning.settings import Pruning

BLOCKS = tuple(dict.fromkeys(name.split(".")[0] for name in INCEPTION_CONVS))
ENDS = ("branch1", "branch2.1", "branch3.1", "branch4.1")  # what a block concatenates, in this order


def images(size: int = 64) -> Tensor:
    return torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(4))


def producers(name: str) -> list[str]:
    """Return the convs whose channels, in this order, are the inputs of a layer; [] for the stem's output."""
    if name.rpartition(".conv")[0].endswith((".branch2.1", ".branch3.1")):
        return [name.replace(".1.conv", ".0.conv")]
    place = len(BLOCKS) if name == HEAD else BLOCKS.index(name.split(".")[0])
    return [f"{BLOCKS[place - 1]}.{end}.conv" for end in ENDS] if place else []


def without_channels(module: nn.Module, masks: Masks) -> nn.Module:
    """Build the network in which the removed filters are really absent, by slicing every tensor that has them."""
    small = copy.deepcopy(module)
    for name in (*INCEPTION_CONVS, HEAD):
        layer = small.get_submodule(name)
        columns = torch.cat([kept(module, masks, other) for other in producers(name)]) if producers(name) else None
        if columns is not None:
            layer.weight = nn.Parameter(layer.weight[:, columns])
        if name != HEAD:
            keep_outputs(small, name, kept(module, masks, name))
    return small


def kept(module: nn.Module, masks: Masks, name: str) -> Tensor:
    weight = module.get_submodule(name).weight
    return masks.get(f"{name}.weight", torch.ones_like(weight, dtype=torch.bool)).flatten(1).any(1)


def keep_outputs(small: nn.Module, name: str, rows: Tensor) -> None:
    block = small.get_submodule(name.rpartition(".")[0])
    block.conv.weight = nn.Parameter(block.conv.weight[rows])
    if block.conv.bias is not None:
        block.conv.bias = nn.Parameter(block.conv.bias[rows])
    if hasattr(block, "bn"):
        block.bn.weight, block.bn.bias = nn.Parameter(block.bn.weight[rows]), nn.Parameter(block.bn.bias[rows])
        block.bn.running_mean, block.bn.running_var = block.bn.running_mean[rows], block.bn.running_var[rows]


@torch.no_grad()
@pytest.mark.parametrize("which", ["network", "bvlc"])
@pytest.mark.parametrize(("criterion", "scope", "rate"), [("l1", "local", 0.3), ("random", "global", 0.5)])
def test_clean_equals_the_network_with_the_channels_absent(request, which, criterion, scope, rate):
    module = copy.deepcopy(request.getfixturevalue(which)).double()
    masks = make_masks(module, Pruning("structured", criterion, scope, rate))
    small = without_channels(module, masks)
    assert sum(p.numel() for p in small.parameters()) < 0.8 * sum(p.numel() for p in module.parameters())
    x = images().double()
    torch.testing.assert_close(pruned_copy(module, masks)(x), small(x), rtol=1e-10, atol=1e-10)
    assert not torch.allclose(module(x), small(x), rtol=1e-3)


@torch.no_grad()
def test_published_differs_from_the_network_with_the_channels_absent(network):
    masks = make_masks(network, Pruning("structured", rate=0.3, form="published"))
    x = images()
    assert not torch.allclose(pruned_copy(network, masks)(x), without_channels(network, masks)(x), rtol=1e-2)


@torch.no_grad()
def emitted(module: nn.Module, masks: Masks) -> Tensor:
    """Return what the removed filters of all inception blocks emit after the ReLU: (filters, images x places)."""
    pruned, seen, hooks = pruned_copy(module, masks), [], []
    for name in INCEPTION_CONVS:
        gone = ~kept(module, masks, name)
        relu = pruned.get_submodule(name.rpartition(".")[0]).relu
        hooks.append(relu.register_forward_hook(lambda _, __, out, gone=gone: seen.append(rows(out[:, gone]))))
    pruned(images(32))
    return torch.cat(seen)


def rows(maps: Tensor) -> Tensor:
    """Return the least and the greatest value of each channel: (channels, 2)."""
    return torch.stack([maps.amin((0, 2, 3)), maps.amax((0, 2, 3))], 1)


@pytest.mark.parametrize("which", ["network", "bvlc"])
def test_filters_removed_as_published_still_emit_constants(request, which):
    module = request.getfixturevalue(which)
    low, high = emitted(module, make_masks(module, Pruning("structured", rate=0.2, form="published"))).unbind(1)
    assert len(low) == 1395
    assert torch.equal(low, high)
    assert 0.4 < (low > 0).float().mean() < 0.6


@pytest.mark.parametrize("which", ["network", "bvlc"])
def test_filters_removed_cleanly_are_silent(request, which):
    module = request.getfixturevalue(which)
    values = emitted(module, make_masks(module, Pruning("structured", rate=0.2, form="clean")))
    assert len(values) == 1395
    assert not values.any()


@pytest.mark.parametrize("which", ["network", "bvlc"])
def test_both_forms_remove_the_same_filters(request, which):
    module = request.getfixturevalue(which)
    clean = make_masks(module, Pruning("structured", rate=0.2))
    published = make_masks(module, Pruning("structured", rate=0.2, form="published"))
    assert {name for name in clean if clean[name].ndim > 1} == set(published)
    assert all(torch.equal(clean[name], published[name]) for name in published)


@pytest.mark.parametrize("technique", ["unstructured", "connection"])
def test_form_concerns_filters_only(network, technique):
    masks = [make_masks(network, Pruning(technique, rate=0.2, form=form)) for form in ("clean", "published")]
    assert masks[0].keys() == masks[1].keys()
    assert all(name.endswith("conv.weight") for name in masks[0])
