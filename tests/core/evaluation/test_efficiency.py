from __future__ import annotations

import copy
import itertools

import pytest
import torch
import torch_pruning
from safetensors.torch import save
from torch import nn
from torchvision.models import GoogLeNet_Weights

from core.errors import CancelledError
from core.evaluation.efficiency import (
    count_macs,
    device_in_words,
    measured_size,
    output_places,
    size_of,
    speeds,
    try_compact,
)
from core.layer_names import CONVS, LAYERS
from core.networks.googlenet import googlenet, googlenet_bvlc
from core.pruning.masks import make_masks, pruned_copy
from core.pruning.settings import Pruning


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return googlenet(1000, initialise=True).eval().requires_grad_(False)


def pruned(module, *args, **kwargs):
    return pruned_copy(module, make_masks(module, Pruning(*args, **kwargs)))


def test_googlenet_is_as_large_as_torchvision_says(network):
    about = GoogLeNet_Weights.IMAGENET1K_V1.meta
    size = measured_size(network, output_places(network, 224))
    assert size.parameters == about["num_params"] == 6_624_904
    assert size.macs / 1e9 == pytest.approx(about["_ops"], abs=5e-4)  # torchvision's "GFLOPS" are multiply-accumulates
    assert size.nonzero_macs == size.macs


def test_torch_prunings_counter_adds_batch_norm_and_relu_alone(network):
    """It counts an operation for each value that batch norm or a ReLU yields, two for batch norm's scale and shift."""
    theirs, parameters = torch_pruning.utils.count_ops_and_params(copy.deepcopy(network), torch.zeros(1, 3, 224, 224))
    ours = measured_size(network, output_places(network, 224))
    assert parameters == ours.parameters
    assert 1.0 < theirs / ours.macs < 1.01


@pytest.mark.parametrize("build", [googlenet, googlenet_bvlc])
@pytest.mark.parametrize("pixels", [64, 97])
def test_places_are_those_of_a_real_pass(build, pixels):
    module = build(10).eval()
    seen = {}
    for name in LAYERS:
        part = module.get_submodule(name)
        part.register_forward_hook(lambda _, __, out, name=name: seen.update({name: out[0, 0].numel()}))
    with torch.no_grad():
        module(torch.zeros(1, 3, pixels, pixels))
    assert output_places(build(10).eval(), pixels) == seen


def test_looking_up_shapes_leaves_the_network_alone(network):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    output_places(network, 96)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not any(part._forward_hooks for part in network.modules())


def test_masked_weights_save_macs_in_theory_as_their_share_of_each_layer(network):
    places = output_places(network, 64)
    masked = pruned(network, "unstructured", rate=0.5)
    dense, kept = count_macs(masked, places)
    of_convs = sum(network.get_submodule(name).weight.numel() * places[name] for name in CONVS[3:])
    assert dense == count_macs(network, places)[0]
    assert dense - kept == pytest.approx(of_convs / 2, rel=1e-3)


def test_a_compact_network_has_fewer_macs_than_the_masked_one_has_without_zeros(network):
    places = output_places(network, 224)
    masked = pruned(network, "structured", rate=0.5, stem=True)
    small, _ = try_compact(masked)
    dense, without_zeros = count_macs(masked, places)
    left, left_without_zeros = count_macs(small.module, places)
    assert left == left_without_zeros < without_zeros < dense
    assert left / 1e9 == pytest.approx(0.40, abs=0.01)
    assert left == measured_by_hooks(small.module, 224)


def measured_by_hooks(module, pixels):
    seen = []
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            part.register_forward_hook(lambda own, _, out: seen.append(own.weight.numel() * out[0, 0].numel()))
    with torch.no_grad():
        module(torch.zeros(1, 3, pixels, pixels))
    return sum(seen)


def test_bytes_are_those_of_a_file_and_zeros_compress(network):
    places = output_places(network, 64)
    dense, masked = measured_size(network, places), measured_size(pruned(network, "unstructured", rate=0.9), places)
    assert dense.bytes == masked.bytes == len(save(network.state_dict()))
    assert masked.nonzero < 0.3 * masked.parameters
    assert masked.compressed_bytes < 0.35 * dense.compressed_bytes
    assert dense.compressed_bytes < dense.bytes / 2


def test_a_compact_network_is_as_small_as_its_file(network):
    masked = pruned(network, "structured", rate=0.5)
    found = size_of(network, masked, 64)
    small, why = try_compact(masked)
    assert (found["why"], why) == ("", "")
    assert found["compact"]["bytes"] == len(save(small.module.state_dict()))
    assert found["compact"]["parameters"] == sum(parameter.numel() for parameter in small.module.parameters())
    assert found["compact"]["macs"] < found["nonzero_macs"]


def test_what_cannot_be_compact_says_why(network):
    found = size_of(network, pruned(network, "unstructured", rate=0.5), 64)
    assert found["compact"] is None
    assert "single weights" in found["why"]
    assert found["macs"] > found["nonzero_macs"]


def test_speeds_are_told_of_each_network_with_their_spread(network, monkeypatch):
    monkeypatch.setattr("core.evaluation.efficiency.THROUGHPUT_BATCH", 4)
    masked = pruned(network, "structured", rate=0.9, stem=True)
    told = []
    found = speeds(
        {"dense": network, "compact": try_compact(masked)[0].module}, 64, "cpu", lambda *how: told.append(how)
    )
    assert set(found) == {"dense", "compact"}
    for timing in found.values():
        assert 0 < timing.latency_low <= timing.latency_ms <= timing.latency_high
        assert 0 < timing.images_per_second_low <= timing.images_per_second <= timing.images_per_second_high
    assert found["compact"].images_per_second > found["dense"].images_per_second
    assert {what for _, _, what in told} == {"timing batches of 1", "timing batches of 4"}


def test_measuring_stops_between_two_turns(network):
    turns = itertools.count()

    def stop(done, total, what):
        if next(turns) == 1:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        speeds({"dense": network}, 32, "cpu", stop)
    assert next(turns) == 2


def test_the_processor_is_named_with_its_threads():
    assert device_in_words("cpu").endswith(("thread", "threads"))
    assert len(device_in_words("cpu").split(", ")[0]) > 2
