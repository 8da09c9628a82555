from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.errors import BrokenDataError
from core.layer_names import CONVS, HEAD, INCEPTION_CONVS
from core.networks.googlenet import googlenet
from core.pruning.criteria import CRITERIA
from core.pruning.masks import apply_masks, held, layer_sparsity, make_masks, pruned_copy, sparsity
from core.pruning.scopes import SCOPES
from core.pruning.settings import FORMS, Pruning, pruning_from
from core.pruning.techniques import TECHNIQUES

EVERY = [(t, c, s) for t in TECHNIQUES for c in CRITERIA for s in SCOPES]
REST = INCEPTION_CONVS[8:]  # to be excluded where eight layers are enough
ways = st.tuples(
    st.sampled_from(sorted(TECHNIQUES)), st.sampled_from(sorted(CRITERIA)), st.sampled_from(sorted(SCOPES))
)
rates = st.floats(0, 0.99)


@pytest.fixture(scope="module")
def distinct():
    """A network in double precision, no two weights alike."""
    torch.manual_seed(2)
    network = googlenet(3).double()
    for parameter in network.parameters():
        parameter.data.normal_()
    return network


def bits(module: nn.Module) -> dict[str, bytes]:
    return {name: value.contiguous().numpy().tobytes() for name, value in module.state_dict().items()}


def same(one, other) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


# --- what is removed


@pytest.mark.parametrize(("technique", "criterion", "scope"), EVERY)
def test_rate_0_changes_nothing_bit_for_bit(network, technique, criterion, scope):
    masks = make_masks(network, Pruning(technique, criterion, scope, rate=0))
    assert masks == {}
    assert bits(pruned_copy(network, masks)) == bits(network)


@pytest.mark.parametrize(("technique", "criterion", "scope"), EVERY)
def test_what_stays_keeps_its_bits_and_what_goes_is_zero(network, technique, criterion, scope):
    before = bits(network)
    masks = make_masks(network, Pruning(technique, criterion, scope, rate=0.3, exclude=REST))
    pruned = dict(pruned_copy(network, masks).named_parameters())
    for name, parameter in network.named_parameters():
        kept = masks.get(name, torch.ones_like(parameter, dtype=torch.bool))
        assert kept.dtype == torch.bool
        assert torch.equal(pruned[name][kept], parameter[kept])
        assert not pruned[name][~kept].any()
    assert bits(network) == before


@pytest.mark.parametrize("technique", ["structured", "connection"])
def test_channels_go_as_a_whole(network, technique):
    dim = TECHNIQUES[technique].dim
    for name, mask in make_masks(network, Pruning(technique, rate=0.3, form="published")).items():
        by_channel = mask.transpose(0, dim).flatten(1)
        assert torch.equal(by_channel.all(1), by_channel.any(1)), name


@settings(max_examples=30)
@given(way=ways, one=rates, other=rates, seed=st.integers(0, 5), form=st.sampled_from(sorted(FORMS)))
def test_masks_nest_as_the_rate_grows(distinct, way, one, other, seed, form):
    low, high = sorted((one, other))
    settings = Pruning(*way, rate=low, seed=seed, form=form, exclude=REST)
    few, many = make_masks(distinct, settings), make_masks(distinct, replace(settings, rate=high))
    for name, mask in few.items():
        assert not (many[name] & ~mask).any()


@settings(max_examples=20)
@given(way=ways, rate=rates, form=st.sampled_from(sorted(FORMS)), seed=st.integers(0, 2), own=st.booleans())
def test_canonical_settings_ask_for_the_same_masks(distinct, way, rate, form, seed, own):
    layer_rates = ((INCEPTION_CONVS[0], 0.4),) if own else ()
    pruning = Pruning(*way, rate=rate, seed=seed, form=form, exclude=REST, layer_rates=layer_rates)
    assert same(make_masks(distinct, pruning), make_masks(distinct, pruning_from(pruning.canonical())))


@pytest.mark.parametrize("technique", sorted(TECHNIQUES))
def test_random_depends_on_seed_and_layer_alone(network, technique):
    settings = Pruning(technique, "random", rate=0.4, seed=7, exclude=REST)
    masks, again = make_masks(network, settings), make_masks(network, settings)
    assert same(masks, again)
    other = make_masks(network, replace(settings, seed=8))
    assert all(not torch.equal(masks[name], other[name]) for name in masks)
    fewer = make_masks(network, replace(settings, exclude=(*REST, *INCEPTION_CONVS[:6])))
    assert {name.split(".")[0] for name in fewer} == {"inception3b"}
    assert same(fewer, {name: masks[name] for name in fewer})


def test_random_draws_anew_for_each_layer(network):
    twins = ("inception4b.branch4.1.conv", "inception4c.branch4.1.conv")  # of one shape
    exclude = tuple(name for name in INCEPTION_CONVS if name not in twins)
    one, other = make_masks(network, Pruning("unstructured", "random", rate=0.5, exclude=exclude)).values()
    assert (one == other).float().mean() == pytest.approx(0.5, abs=0.02)


def test_random_takes_no_side_among_layers(network):
    shares = layer_sparsity(
        network, make_masks(network, Pruning("unstructured", "random", "global", 0.4, exclude=REST))
    )
    assert all(shares[name] == pytest.approx(0.4, abs=0.02) for name in INCEPTION_CONVS[:8])


def test_random_leaves_the_global_generator_alone(network):
    before = torch.random.get_rng_state()
    make_masks(network, Pruning("structured", "random", rate=0.2))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("criterion", ["l1", "l2"])
@pytest.mark.parametrize("technique", sorted(TECHNIQUES))
def test_a_global_ranking_is_not_led_by_the_size_of_a_group(network, technique, criterion):
    """Where every weight of a layer is as large, the layer of smaller weights goes first, however wide it is."""
    leveled = copy.deepcopy(network)
    for place, name in enumerate(INCEPTION_CONVS):
        leveled.get_submodule(name).weight.fill_(1 + (place * 7 % 54))
    shares = layer_sparsity(leveled, make_masks(leveled, Pruning(technique, criterion, "global", 0.4)))
    by_magnitude = sorted(INCEPTION_CONVS, key=lambda name: INCEPTION_CONVS.index(name) * 7 % 54)
    removed = [shares[name] for name in by_magnitude]
    assert removed == sorted(removed, reverse=True)
    assert removed[0] == 1.0  # a whole layer may go; the layer sparsity shows it
    assert removed[-1] == 0.0


def test_layers_have_the_rates_that_they_were_given(network):
    first, second, third = INCEPTION_CONVS[:3]
    own = ((first, 0.5), (second, 0.0))
    pruning = Pruning("unstructured", rate=0.25, fc=True, exclude=(third,), layer_rates=own)
    shares = layer_sparsity(network, make_masks(network, pruning))
    assert shares[first] == 0.5
    assert shares[second] == shares[third] == shares["conv1.conv"] == 0
    assert shares[INCEPTION_CONVS[3]] == shares[HEAD] == 0.25


def test_masks_need_the_layers_that_they_are_for():
    with pytest.raises(BrokenDataError, match="no conv or linear layer"):
        make_masks(nn.Linear(2, 2), Pruning(rate=0.5))


# --- counting


PUBLISHED = {  # SCIENCE: nominal rate -> removed share of 5,718,464 weights
    "structured": {0.2: 0.1913, 0.4: 0.3822, 0.6: 0.5728, 0.8: 0.7637},
    "connection": {0.2: 0.1889, 0.4: 0.3795, 0.6: 0.5711, 0.8: 0.7617},
}
FILTERS = {0.2: 1395, 0.4: 2786, 0.6: 4174, 0.8: 5565}


@pytest.mark.parametrize("technique", sorted(PUBLISHED))
def test_the_published_rates_come_out(network, technique):
    for rate, published in PUBLISHED[technique].items():
        shares = sparsity(network, make_masks(network, Pruning(technique, rate=rate)))
        removed = round(shares.conv * 5_585_344)
        assert round(removed / 5_718_464, 4) == published
        assert shares.prunable == pytest.approx(
            removed / sum(network.get_submodule(name).weight.numel() for name in INCEPTION_CONVS)
        )


def test_the_published_filters_are_counted(network):
    for rate, filters in FILTERS.items():
        masks = make_masks(network, Pruning("structured", rate=rate, form="published"))
        assert sum(int((~mask.flatten(1).any(1)).sum()) for mask in masks.values()) == filters


@pytest.mark.parametrize("scope", sorted(SCOPES))
@pytest.mark.parametrize("technique", sorted(TECHNIQUES))
def test_sparsity_counts_the_zeros(network, technique, scope):
    masks = make_masks(network, Pruning(technique, "random", scope, 0.4, stem=True, fc=True))
    pruned = dict(pruned_copy(network, masks).named_parameters())
    shares, layers = sparsity(network, masks), layer_sparsity(network, masks)
    assert shares.prunable == zeros(pruned, [f"{name}.weight" for name in INCEPTION_CONVS])
    assert shares.conv == zeros(pruned, [f"{name}.weight" for name in CONVS])
    assert shares.all == zeros(pruned, list(pruned))
    assert layers == {name: zeros(pruned, [f"{name}.weight"]) for name in (*CONVS, HEAD)}


def zeros(parameters: dict[str, torch.Tensor], names: list[str]) -> float:
    values = torch.cat([parameters[name].flatten() for name in names])
    return int((values == 0).sum()) / len(values)


def test_dense_is_not_sparse(network):
    assert sparsity(network, {}) == type(sparsity(network, {}))(0, 0, 0)
    assert set(layer_sparsity(network, {}).values()) == {0}


# --- applying and holding


def test_applying_twice_is_applying_once(network):
    masks = make_masks(network, Pruning("structured", rate=0.2))
    once = pruned_copy(network, masks)
    assert bits(pruned_copy(once, masks)) == bits(once)


def test_masks_that_do_not_fit_are_refused_and_nothing_is_changed(network):
    module, before = copy.deepcopy(network), bits(network)
    good = make_masks(network, Pruning(rate=0.5, exclude=REST))
    for wrong in ({"conv1.weight": torch.zeros(1, dtype=torch.bool)}, {"fc.bias": torch.zeros(7, dtype=torch.bool)}):
        with pytest.raises(BrokenDataError, match="1 masks do not fit"):
            apply_masks(module, good | wrong)
    assert bits(module) == before


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=1e-4),
    "adam": lambda p: torch.optim.Adam(p, 0.1),
    "adamw": lambda p: torch.optim.AdamW(p, 0.1, weight_decay=0.1),
}


@pytest.mark.parametrize("technique", sorted(TECHNIQUES))
@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_held_masks_stay_zero_whatever_the_optimizer_does(technique, optimizer):
    torch.manual_seed(0)
    module = googlenet(3)
    stepper = OPTIMIZERS[optimizer](module.parameters())
    steps(module, stepper, 1)  # momentum of the dense network
    masks = make_masks(module, Pruning(technique, rate=0.5, exclude=REST))
    with held(module, masks, stepper):
        before = pruned_copy(module, {})
        steps(module, stepper, 2)
        assert not any(removed(module, masks))
        assert not same(dict(before.named_parameters()), dict(module.named_parameters()))
    steps(module, stepper, 1)
    assert all(removed(module, masks))  # unmasked, a single step refills the zeros


def steps(module: nn.Module, optimizer: torch.optim.Optimizer, count: int) -> None:
    for _ in range(count):
        for parameter in module.parameters():
            parameter.grad = torch.randn_like(parameter)
        optimizer.step()


def removed(module: nn.Module, masks) -> list[bool]:
    parameters = dict(module.named_parameters())
    return [bool(parameters[name][~mask].any()) for name, mask in masks.items()]


def test_an_error_while_masks_are_held_lets_them_go(network):
    module = copy.deepcopy(network).requires_grad_(True)
    optimizer = OPTIMIZERS["sgd"](module.parameters())
    masks = make_masks(network, Pruning(rate=0.5, exclude=REST))
    with pytest.raises(ZeroDivisionError), held(module, masks, optimizer):
        raise ZeroDivisionError
    steps(module, optimizer, 1)
    assert all(removed(module, masks))
