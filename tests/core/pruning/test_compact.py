"""A compact network computes what the masked one computes, with less."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.example import example
from core.data.source import open_source
from core.errors import InvalidSettingError
from core.evaluation.inference import forward
from core.layer_names import CONVS, INCEPTION_CONVS, LAYERS
from core.networks.registry import load_network
from core.pruning.compact import compact
from core.pruning.masks import apply_masks, make_masks, pruned_copy
from core.pruning.settings import Pruning
from tests.reference import REFERENCE, needs_reference

NEXT = ("branch1", "branch2.0", "branch3.0", "branch4.1")  # what reads a block's output in the block after it


def pruned(module, *args, **kwargs):
    return pruned_copy(module, make_masks(module, Pruning(*args, **kwargs)))


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def largest_difference(one, other, inputs):
    return float((forward(one, inputs) - forward(other, inputs)).abs().max())


def noise(size=64):
    return torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(5))


@settings(max_examples=4)
@given(
    which=st.sampled_from(["network", "bvlc"]),
    technique=st.sampled_from(["structured", "connection"]),
    criterion=st.sampled_from(["l1", "random"]),
    scope=st.sampled_from(["local", "global"]),
    rate=st.floats(0.02, 0.98),
    stem=st.booleans(),
    fc=st.booleans(),
)
def test_it_computes_what_the_masked_network_computes(request, which, **how):
    masked = pruned(request.getfixturevalue(which), **how).double()
    try:
        small = compact(masked)
    except InvalidSettingError:
        assert how["rate"] < 0.1
        return
    assert small.channels > 0
    assert parameters(small.module) < parameters(masked)
    torch.testing.assert_close(small.module(noise().double()), masked(noise().double()), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("technique", ["structured", "connection"])
def test_layers_may_have_rates_of_their_own(network, technique):
    rates = (("inception3a.branch2.0.conv", 0.4), ("inception3a.branch2.1.conv", 0.7))
    masked = pruned(network, technique, layer_rates=rates)
    small = compact(masked)
    assert set(small.removed) <= {"inception3a.branch2.0.conv", "inception3a.branch2.1.conv"}
    assert largest_difference(small.module, masked, noise()) < 1e-4


def test_structured_removal_leaves_exactly_the_filters_that_stay(network):
    masks = make_masks(network, Pruning("structured", rate=0.5))
    small = compact(pruned_copy(network, masks))
    for name in INCEPTION_CONVS:
        stays = masks[f"{name}.weight"].flatten(1).any(1)
        assert small.removed[name] == tuple((~stays).nonzero().flatten().tolist())
        assert len(small.module.get_submodule(name).weight) == int(stays.sum())


def test_names_and_the_pruned_network_stay_as_they_are(network):
    masked = pruned(network, "structured", rate=0.5)
    before = copy.deepcopy(masked.state_dict())
    small = compact(masked)
    assert all(torch.equal(value, before[name]) for name, value in masked.state_dict().items())
    assert list(small.module.state_dict()) == list(before)
    assert not any(parameter.requires_grad for parameter in small.module.parameters())


def ignoring(network, channel, readers):
    """Return a copy of the network in which these layers have no weights for an input channel."""
    other = copy.deepcopy(network)
    for name in readers:
        other.get_submodule(name).weight.data[:, channel] = 0
    return other


def test_a_channel_goes_when_every_layer_that_reads_it_ignores_it(network):
    """Channel 70 of what block 3a concatenates is channel 6 of its second branch: 64 of the first come before."""
    readers = [f"inception3b.{branch}.conv" for branch in NEXT]
    small = compact(ignoring(network, 70, readers))
    assert small.removed == {"inception3a.branch2.1.conv": (6,)}
    assert small.module.get_submodule(readers[-1]).in_channels == 255


@pytest.mark.parametrize("reader", NEXT)
def test_a_channel_stays_while_one_layer_reads_it(network, reader):
    readers = [f"inception3b.{branch}.conv" for branch in NEXT if branch != reader]
    with pytest.raises(InvalidSettingError, match="single weights"):
        compact(ignoring(network, 70, readers))


def test_a_layer_that_is_all_silent_keeps_one_channel_and_asks_for_one(network):
    silent = pruned_copy(network, {})
    masks = make_masks(network, Pruning("structured", rate=0.9))
    apply_masks(silent, {name: mask & False for name, mask in masks.items() if "4c.branch3.1" in name})
    small = compact(silent)
    assert small.removed == {
        "inception4c.branch3.0.conv": tuple(range(1, 24)),  # nobody reads it any more
        "inception4c.branch3.1.conv": tuple(range(1, 64)),
    }
    assert largest_difference(small.module, silent, noise()) < 1e-4


def test_channels_before_a_normalisation_across_channels_stay(bvlc):
    masked = pruned(bvlc, "structured", rate=0.5, stem=True)
    small = compact(masked)
    assert "conv2.conv" in small.removed
    assert not {"conv1.conv", "conv3.conv"} & set(small.removed)
    assert small.module.conv1.conv.out_channels == 64
    assert largest_difference(small.module, masked, noise()) < 1e-5


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (("structured", "l1", "local", 0.3, "published"), "a constant .* passes on"),
        (("unstructured", "l1", "local", 0.5), "single weights"),
        (("unstructured", "l1", "local", 0.0), "none of its weights is zero"),
    ],
)
def test_what_cannot_be_made_smaller_is_refused_with_the_reason(network, how, reason):
    with pytest.raises(InvalidSettingError, match=reason):
        compact(pruned(network, *how))


def real_images(network, data, count=64):
    source = open_source(str(data), network.classes)
    pixels = [example(source, network.preset, index).pixels for index in range(count)]
    return network.inputs(torch.from_numpy(np.stack(pixels)))


@pytest.mark.parametrize("technique", ["structured", pytest.param("connection", marks=pytest.mark.slow)])
def test_on_64_scenes_the_demo_network_says_the_same(technique):
    network = load_network("demo")
    masked = pruned(network.module, technique, rate=0.5)
    assert largest_difference(compact(masked).module, masked, real_images(network, "scenes")) < 1e-5


@pytest.mark.slow
@needs_reference("weights/googlenet_bvlc.safetensors", "imagenet/val")
@pytest.mark.parametrize("technique", ["structured", "connection"])
def test_on_64_photographs_the_network_of_2014_says_the_same(technique):
    network = load_network("googlenet-bvlc", REFERENCE / "weights" / "googlenet_bvlc.safetensors")
    masked = pruned(network.module, technique, rate=0.3)
    photographs = real_images(network, REFERENCE / "imagenet" / "val")
    assert largest_difference(compact(masked).module, masked, photographs) < 1e-5


def test_every_layer_is_looked_at(network):
    small = compact(pruned(network, "structured", rate=0.5, stem=True))
    assert tuple(small.removed) == CONVS
    assert small.module.fc.out_features == network.fc.out_features
    assert LAYERS[-1] not in small.removed
