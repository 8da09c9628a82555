from __future__ import annotations

import pytest
import torch

from core.evaluation.inference import folded_copy, forward
from core.evaluation.replay import changed_block, replays
from core.layer_names import LAYERS
from core.networks.googlenet import googlenet, googlenet_bvlc
from core.pruning.masks import make_masks, pruned_copy
from core.pruning.settings import Pruning

# One of each kind: stem, every branch of an inception block, the last block, the classifier.
BRANCHES = ("branch1", "branch2.0", "branch2.1", "branch4.1")
SOME = ("conv1.conv", "conv3.conv", *(f"inception4c.{branch}.conv" for branch in BRANCHES), "fc")


def network(kind):
    torch.manual_seed(3)
    module = googlenet_bvlc(7) if kind == "bvlc" else googlenet(7, transform_input=True)
    for block in module.modules():
        if isinstance(block, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(block.weight, 0.5, 1.5)
            torch.nn.init.normal_(block.bias, 0, 0.2)
    return module.eval().requires_grad_(False)


@pytest.fixture(scope="module", params=["norm", "bvlc"])
def module(request):
    return network(request.param)


@pytest.fixture(scope="module")
def inputs():
    return torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(1))


def test_a_replay_says_what_the_whole_pruned_network_says(module, inputs):
    for replay in replays(folded_copy(module), inputs, SOME):
        masks = make_masks(module, Pruning("structured", stem=True, fc=True, layer_rates=((replay.layer, 0.5),)))
        whole = forward(folded_copy(pruned_copy(module, masks)), inputs)
        replayed = replay.logits(changed_block(module, replay.layer, masks))
        assert masks
        assert torch.allclose(replayed, whole, rtol=0, atol=1e-5 * whole.abs().max().item())


def test_nothing_changed_is_the_dense_network(module, inputs):
    folded = folded_copy(module)
    dense = forward(folded, inputs)
    for replay in replays(folded, inputs, SOME):
        assert torch.allclose(replay.logits(changed_block(module, replay.layer, {})), dense, rtol=1e-4, atol=1e-5)


def test_the_layers_come_in_the_order_of_the_network_and_only_those_asked_for(module, inputs):
    folded = folded_copy(module)
    assert [one.layer for one in replays(folded, inputs, LAYERS)] == list(LAYERS)
    assert [one.layer for one in replays(folded, inputs, SOME[::-1])] == list(SOME)
    assert list(replays(folded, inputs, ())) == []


def test_neither_the_network_nor_what_is_kept_is_changed(module, inputs):
    folded = folded_copy(module)
    before = forward(folded, inputs)
    for replay in replays(folded, inputs, SOME):
        block = changed_block(module, replay.layer, {})
        assert torch.equal(replay.logits(block), replay.logits(block))
    assert torch.equal(forward(folded, inputs), before)
