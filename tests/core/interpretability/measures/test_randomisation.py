from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from core.errors import InvalidSettingError
from core.interpretability.measures.randomisation import blocks_of, randomised_copy
from core.networks.googlenet import ARCHITECTURES
from core.networks.registry import load_network

INCEPTIONS = tuple(f"inception{name}" for name in ("5b", "5a", "4e", "4d", "4c", "4b", "4a", "3b", "3a"))
BLOCKS = ("fc", *INCEPTIONS, "conv3", "conv2", "conv1")


@pytest.fixture(scope="module", params=ARCHITECTURES)
def module(request) -> nn.Module:
    """A network none of whose parameters and statistics is as new."""
    torch.manual_seed(0)
    built = ARCHITECTURES[request.param](16).eval().requires_grad_(False)
    for part in (*built.parameters(), *built.buffers()):
        if part.is_floating_point():
            part.copy_(0.1 + torch.rand_like(part))
    return built


def state(module, block):
    return module.get_submodule(block).state_dict()


def same(one, other, block):
    return all(torch.equal(value, state(other, block)[key]) for key, value in state(one, block).items())


def changed(one, other, block):
    pairs = [(value, state(other, block)[key]) for key, value in state(one, block).items() if value.is_floating_point()]
    return not any(torch.equal(*pair) for pair in pairs)


def test_blocks_run_from_the_classifier_to_the_first_convolution(module):
    assert blocks_of(module) == BLOCKS


def test_a_randomised_copy_keeps_nothing_and_leaves_the_network_as_it_was(module):
    before = copy.deepcopy(module)
    fresh = randomised_copy(module, 0)
    assert all(changed(module, fresh, block) for block in BLOCKS)
    assert all(same(module, before, block) for block in BLOCKS)
    assert not fresh.training
    assert not any(each.requires_grad for each in fresh.parameters())


def test_only_the_named_blocks_change(module):
    fresh = randomised_copy(module, 0, ("inception4c", "conv1"))
    for block in BLOCKS:
        assert (changed if block in ("inception4c", "conv1") else same)(module, fresh, block)


def test_a_block_s_parameters_hang_on_the_seed_and_its_name_alone(module):
    whole = randomised_copy(module, 3)
    assert same(whole, randomised_copy(module, 3, ("conv2", "inception5a")), "inception5a")
    assert same(whole, randomised_copy(whole, 3), "inception5a")  # whatever was there before
    assert not same(whole, randomised_copy(module, 4), "inception5a")


def test_the_global_random_state_is_left_alone(module):
    before = torch.get_rng_state()
    randomised_copy(module, 0)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_cascade_randomises_one_more_block_at_each_step(module):
    assert blocks_of(module) == BLOCKS
    steps = [randomised_copy(module, 1, BLOCKS[: place + 1]) for place in range(len(BLOCKS))]
    end = randomised_copy(module, 1)
    for place, network in enumerate(steps):
        assert all(same(network, end, block) for block in BLOCKS[: place + 1])
        assert all(same(network, module, block) for block in BLOCKS[place + 1 :])


def test_fresh_filters_have_no_mean_and_one_length_on_average(module):
    layer = randomised_copy(module, 0).inception4a.branch2[1].conv
    filters = layer.weight.flatten(1)
    torch.testing.assert_close(filters.mean(1), torch.zeros(len(filters)), atol=1e-6, rtol=0)
    assert filters.square().sum(1).mean() == pytest.approx(2 / (1 - 1 / torch.pi), rel=0.02)


@torch.no_grad()
@pytest.mark.parametrize("seed", range(3))
def test_activations_neither_vanish_nor_explode_and_tell_images_apart(module, seed):
    fresh, kept = randomised_copy(module, seed), {}
    for name in BLOCKS:
        fresh.get_submodule(name).register_forward_hook(lambda _, __, out, name=name: kept.update({name: out}))
    logits = fresh(torch.randn((6, 3, 64, 64), generator=torch.Generator().manual_seed(seed)))
    sizes = torch.stack([kept[name].std() for name in BLOCKS[1:]])
    assert sizes.min() > 0.1
    assert sizes.max() < 10
    assert logits.std(0).mean() > 0.2 * logits.std(1).mean()


def test_it_does_not_matter_how_the_weights_lie_in_memory(module):
    fresh = randomised_copy(module.to(memory_format=torch.channels_last), 0)
    expected = randomised_copy(module.to(memory_format=torch.contiguous_format), 0)
    assert all(same(fresh, expected, block) for block in BLOCKS)


@pytest.mark.parametrize("name", ["inception5c", "maxpool1", "fc.weight", ""])
def test_a_block_that_is_not_there_is_refused(module, name):
    with pytest.raises(InvalidSettingError, match=r"conv3, conv2, conv1"):
        randomised_copy(module, 0, ("fc", name))


def test_the_shared_demo_network_is_not_touched():
    network = load_network("demo")
    before = network.module.fc.weight.clone()
    randomised_copy(network.module, 0)
    assert torch.equal(network.module.fc.weight, before)
