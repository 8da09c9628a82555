from __future__ import annotations

import pytest
from torch import nn

from core.errors import BrokenDataError
from core.layer_names import CONVS, HEAD, INCEPTION_CONVS, LAYERS, STEM, prunable_names
from core.networks.googlenet import ARCHITECTURES, googlenet, googlenet_bvlc
from core.networks.layers import all_layers, channel_parameters, layer


@pytest.fixture(params=sorted(ARCHITECTURES), scope="module")
def module(request):
    return ARCHITECTURES[request.param](16)


def test_the_names_are_those_of_the_modules_in_their_order(module):
    convs = [name for name, part in module.named_modules() if isinstance(part, nn.Conv2d)]
    linears = [name for name, part in module.named_modules() if isinstance(part, nn.Linear)]
    assert convs == list(CONVS)
    assert linears == [HEAD]


def test_counts_of_googlenet():
    network = googlenet()
    convs = {name: part for name, part in all_layers(network).items() if name != HEAD}
    assert len(convs) == 57
    assert sum(conv.weight.numel() for conv in convs.values()) == 5_585_344
    assert sum(conv.weight.shape[0] for conv in convs.values()) == 7_280
    assert len(INCEPTION_CONVS) == 54
    assert sum(convs[name].weight.shape[0] for name in INCEPTION_CONVS) == 6_960
    assert sum(parameter.numel() for parameter in layer(network, HEAD).parameters()) == 1_025_000


def test_stem_and_classifier_are_prunable_on_request_only():
    assert prunable_names() == INCEPTION_CONVS
    assert prunable_names(stem=True) == STEM + INCEPTION_CONVS
    assert prunable_names(stem=True, fc=True) == LAYERS
    assert prunable_names(fc=True) == (*INCEPTION_CONVS, HEAD)


def test_a_layer_is_the_module_of_that_name(module):
    for name, part in all_layers(module).items():
        assert part is module.get_submodule(name)


def test_channel_parameters_hold_one_value_per_output_channel(module):
    parameters = dict(module.named_parameters())
    for name, part in all_layers(module).items():
        for key in channel_parameters(module, name):
            assert parameters[key].shape == (part.weight.shape[0],)


def test_every_parameter_belongs_to_exactly_one_layer(module):
    owned = [key for name in LAYERS for key in (f"{name}.weight", *channel_parameters(module, name))]
    assert sorted(owned) == sorted(name for name, _ in module.named_parameters())


def test_channel_parameters_of_each_kind_of_block():
    assert channel_parameters(googlenet(3), "conv1.conv") == ("conv1.bn.weight", "conv1.bn.bias")
    assert channel_parameters(googlenet_bvlc(3), "conv1.conv") == ("conv1.conv.bias",)
    assert channel_parameters(googlenet(3), HEAD) == ("fc.bias",)


def test_another_architecture_is_named_as_such():
    with pytest.raises(BrokenDataError, match=r"inception3a\.branch1\.conv"):
        layer(nn.Sequential(nn.Conv2d(3, 3, 1)), INCEPTION_CONVS[0])
