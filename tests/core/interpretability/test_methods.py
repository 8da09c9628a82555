"""The mathematics that each method claims (SCIENCE: identities and axioms)."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from core.interpretability.attribution.attribute import attribute
from core.interpretability.attribution.baselines import BASELINES
from core.interpretability.attribution.completeness import completeness_error

pytestmark = pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU")


def gradients(module, images, targets):
    points = images.clone().requires_grad_()
    logits = module(points).gather(1, targets[:, None])
    return torch.autograd.grad(logits.sum(), points)[0]


def close(values, expected, tolerance=1e-3):
    """Compare whole maps: where a ReLU stands at its kink, rounding turns single pixels either way."""
    assert (values - expected).norm() <= tolerance * expected.norm()
    assert expected.norm() > 0


@pytest.fixture
def linear():
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.AvgPool2d(3), nn.Flatten(), nn.Linear(4 * 10 * 10, 16))
    return layers.eval().requires_grad_(False)


def test_saliency_is_the_largest_magnitude_of_the_gradient(network, images, targets):
    expected = gradients(network, images, targets).abs().amax(1)
    close(attribute(network, images, targets, "saliency"), expected)


def test_input_x_gradient_is_that_product_summed_over_the_channels(network, images, targets):
    expected = (images * gradients(network, images, targets)).sum(1)
    close(attribute(network, images, targets, "ixg"), expected)


def test_on_a_linear_network_ig_is_input_x_gradient(linear, images, targets):
    zero = torch.zeros_like(images)
    ig = attribute(linear, images, targets, "ig", baselines=zero, steps=3)
    close(ig, attribute(linear, images, targets, "ixg"))


def test_on_a_linear_network_noise_changes_no_gradient(linear, images, targets):
    smooth = attribute(linear, images, targets, "smoothgrad", samples=3, noise=0.5)
    close(smooth, attribute(linear, images, targets, "saliency"))


def test_smoothgrad_without_noise_is_saliency(subject):
    asked = subject.module, subject.images, subject.targets
    close(attribute(*asked, "smoothgrad", samples=3, noise=0.0), attribute(*asked, "saliency"))


def test_smoothgrad_is_the_mean_gradient_over_noise_of_the_stated_size(network, images, targets):
    one, target = images[:1], targets[:1]
    noise = torch.randn((20, 3, 64, 64), generator=torch.Generator().manual_seed(4))
    points = one + 0.1 * (one.max() - one.min()) * noise
    expected = gradients(network, points, target.expand(20)).mean(0).abs().amax(0)
    close(attribute(network, one, target, "smoothgrad", samples=20, noise=0.1, seed=4)[0], expected, 0.02)


def test_another_seed_draws_other_noise(network, images, targets):
    first, second = (attribute(network, images, targets, "smoothgrad", samples=2, seed=seed) for seed in (0, 1))
    assert not torch.allclose(first, second, rtol=0.01)


def ig_error(subject, steps):
    asked = subject.module, subject.images, subject.targets
    maps = attribute(*asked, "ig", baselines=subject.black, steps=steps)
    return completeness_error(subject.module, subject.images, subject.black, subject.targets, maps)


@pytest.mark.slow
def test_ig_is_complete_and_the_more_so_the_more_steps(subject):
    fine = ig_error(subject, 100)
    assert fine.max() < 0.02
    assert fine.mean() < ig_error(subject, 10).mean() / 3


def test_ig_from_the_image_itself_is_zero_and_complete(network, images, targets):
    maps = attribute(network, images, targets, "ig", baselines=images, steps=2)
    assert maps.eq(0).all()
    assert completeness_error(network, images, images, targets, maps).eq(0).all()


def test_one_baseline_serves_all_images(network, images, targets, black):
    one, all_ = (attribute(network, images, targets, "ig", baselines=each, steps=2) for each in (black[:1], black))
    assert torch.equal(one, all_)
    torch.testing.assert_close(
        completeness_error(network, images, black[:1], targets, one),
        completeness_error(network, images, black, targets, all_),
        rtol=0.01,
        atol=1e-4,
    )


def test_completeness_error_is_the_gap_as_a_share_of_the_rise(linear, images, targets):
    zero = torch.zeros_like(images)
    maps = attribute(linear, images, targets, "ixg")
    assert completeness_error(linear, images, zero, targets, maps).max() < 1e-4
    torch.testing.assert_close(
        completeness_error(linear, images, zero, targets, 1.25 * maps),
        torch.full((3,), 0.25).double(),
        rtol=1e-3,
        atol=0,
    )
    assert completeness_error(linear, zero, zero, targets, maps).eq(float("inf")).all()


def test_black_is_a_picture_without_light():
    pixels = torch.randint(0, 256, (2, 5, 7, 3), dtype=torch.uint8)
    assert torch.equal(BASELINES["black"].make(pixels, 0), torch.zeros_like(pixels))


@pytest.mark.parametrize("layer", ["inception5b", "inception4c"])
def test_gradcam_equals_one_written_by_hand(subject, layer):
    kept = []
    hook = subject.module.get_submodule(layer).register_forward_hook(lambda *call: kept.append(call[-1]))
    try:
        logits = subject.module(subject.images.clone().requires_grad_())
    finally:
        hook.remove()
    weights = torch.autograd.grad(logits.gather(1, subject.targets[:, None]).sum(), kept[0])[0].mean((2, 3))
    coarse = torch.einsum("nc,nchw->nhw", weights, kept[0]).relu().detach()
    expected = interpolate(coarse[:, None], size=(64, 64), mode="bilinear", align_corners=False)[:, 0]
    close(attribute(subject.module, subject.images, subject.targets, "gradcam", layer=layer), expected)


def test_guided_backprop_differs_from_saliency_on_googlenet(subject):
    guided, plain = (
        attribute(subject.module, subject.images, subject.targets, method).flatten(1)
        for method in ("guided", "saliency")
    )
    assert torch.cosine_similarity(guided, plain).max() < 0.95


def test_guided_backprop_without_relus_is_saliency(linear, images, targets):
    close(attribute(linear, images, targets, "guided"), attribute(linear, images, targets, "saliency"))


def test_guided_backprop_passes_only_positive_gradients():
    network = nn.Sequential(nn.Conv2d(3, 2, 1, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(2, 1, bias=False))
    network[0].weight.data = torch.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])[:, :, None, None]
    network[3].weight.data = torch.tensor([[1.0, -1.0]])
    network.eval()
    pixel, target = torch.ones((1, 3, 1, 1)), torch.tensor([0])
    assert attribute(network, pixel, target, "saliency").item() == 27
    assert attribute(network, pixel, target, "guided").item() == 3
