from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torchvision.models import GoogLeNet

from core.networks.blocks import LocalResponseNorm
from core.networks.googlenet import googlenet, googlenet_bvlc


def torchvisions(classes: int, transform_input: bool) -> GoogLeNet:
    return GoogLeNet(classes, aux_logits=False, transform_input=transform_input, init_weights=False)


def with_lively_batch_norm(module: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(5)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            for values in (part.weight.data, part.bias.data, part.running_mean):
                values.normal_(generator=generator)
            part.running_var.uniform_(0.5, 2, generator=generator)
    return module.eval()


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "transform_input"])
def both(request):
    torch.manual_seed(0)
    ours = with_lively_batch_norm(googlenet(17, transform_input=request.param))
    theirs = torchvisions(17, request.param).eval()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    return ours, theirs


def test_keys_are_torchvisions_in_torchvisions_order(both):
    ours, theirs = both
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [value.shape for value in ours.state_dict().values()] == [v.shape for v in theirs.state_dict().values()]


@torch.no_grad()
@pytest.mark.parametrize("size", [64, 96, 224])
def test_outputs_are_torchvisions_to_the_bit(both, size):
    ours, theirs = both
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(size))
    assert torch.equal(ours(images), theirs(images))


def test_gradients_are_torchvisions_to_the_bit(both):
    gradients = []
    for network in both:
        image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)).requires_grad_()
        network(image)[0, 3].backward()
        gradients.append(image.grad)
    assert torch.equal(*gradients)
    assert gradients[0].abs().max() > 0


def test_initialising_draws_torchvisions_weights():
    torch.manual_seed(3)
    ours = googlenet(5, initialise=True)
    torch.manual_seed(3)
    theirs = GoogLeNet(5, aux_logits=False, init_weights=True)
    assert all(map(torch.equal, ours.state_dict().values(), theirs.state_dict().values()))


@pytest.mark.parametrize("build", [googlenet, googlenet_bvlc])
def test_every_relu_is_a_module_of_its_own_and_overwrites_nothing(build):
    relus = [part for part in build(5).modules() if isinstance(part, nn.ReLU)]
    assert len(relus) == len(set(relus)) == 57
    assert not any(relu.inplace for relu in relus)


@torch.no_grad()
def test_a_hook_on_batch_norm_sees_what_the_relu_has_not_touched(both):
    seen = []
    hook = both[0].inception3a.branch1.bn.register_forward_hook(lambda *args: seen.append(args[2]))
    both[0](torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(2)))
    hook.remove()
    assert seen[0].min() < 0


def test_the_network_of_2014_has_its_shapes():
    network = googlenet_bvlc()
    assert sum(parameter.numel() for parameter in network.parameters()) == 6_998_552
    assert not any(isinstance(part, nn.BatchNorm2d) for part in network.modules())
    blocks = [part for name, part in network.named_children() if name.startswith("inception")]
    assert len(blocks) == 9
    for block in blocks:
        wide = block.branch3[1].conv
        assert (wide.kernel_size, wide.padding) == ((5, 5), (2, 2))
    assert all(part.ceil_mode for part in network.modules() if isinstance(part, nn.MaxPool2d))


@torch.no_grad()
def test_the_network_of_2014_has_its_maps():
    shapes = {}
    network = googlenet_bvlc().eval()
    for name, part in network.named_children():
        part.register_forward_hook(lambda _, __, output, name=name: shapes.update({name: tuple(output.shape[1:])}))
    network(torch.zeros(1, 3, 224, 224))
    assert shapes["maxpool1"] == (64, 56, 56)
    assert shapes["inception3b"] == (480, 28, 28)
    assert shapes["inception4e"] == (832, 14, 14)
    assert shapes["inception5b"] == (1024, 7, 7)
    assert shapes["fc"] == (1000,)


def test_the_network_of_2014_normalises_after_pool_1_and_before_pool_2():
    network = googlenet_bvlc(5)
    assert [type(part) for part in network.maxpool1] == [nn.MaxPool2d, LocalResponseNorm]
    assert [type(part) for part in network.maxpool2] == [LocalResponseNorm, nn.MaxPool2d]


@given(
    channels=st.integers(1, 12),
    size=st.integers(1, 6),
    alpha=st.floats(1e-4, 3),
    beta=st.floats(0.1, 2),
    k=st.floats(0.5, 2),
)
@settings(max_examples=50)
def test_local_response_norm_is_torchs(channels, size, alpha, beta, k):
    x = torch.randn(2, channels, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(channels))
    ours, theirs = LocalResponseNorm(size, alpha, beta, k)(x), nn.LocalResponseNorm(size, alpha, beta, k)(x)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
