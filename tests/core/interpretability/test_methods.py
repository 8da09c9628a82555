"""The mathematics that each method claims (SCIENCE: identities and axioms)."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from core.interpretability.attribution.attribute import attribute
from core.interpretability.attribution.completeness import completeness_error
from core.interpretability.attribution.layers import INCEPTION_BLOCKS
from tests.core.interpretability.compare import close, gradients

pytestmark = pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU")


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


def test_vargrad_without_noise_is_zero(subject):
    asked = subject.module, subject.images, subject.targets
    steady, noisy = (attribute(*asked, "vargrad", samples=3, noise=noise) for noise in (0.0, 0.15))
    assert steady.max() < 1e-6 * noisy.max()


def test_vargrad_is_the_variance_of_the_gradient_over_noise_of_the_stated_size(network, images, targets):
    one, target = images[:1], targets[:1]
    noise = torch.randn((20, 3, 64, 64), generator=torch.Generator().manual_seed(4))
    points = one + 0.1 * (one.max() - one.min()) * noise
    expected = gradients(network, points, target.expand(20)).var(0, unbiased=False).amax(0)
    close(attribute(network, one, target, "vargrad", samples=20, noise=0.1, seed=4)[0], expected, 0.04)


def activations(subject, layer):
    """Return the layer's output and the target logits' gradient at it."""
    kept = []
    hook = subject.module.get_submodule(layer).register_forward_hook(lambda *call: kept.append(call[-1]))
    try:
        logits = subject.module(subject.images.clone().requires_grad_())
    finally:
        hook.remove()
    return kept[0].detach(), torch.autograd.grad(logits.gather(1, subject.targets[:, None]).sum(), kept[0])[0]


def enlarged(coarse):
    return interpolate(coarse[:, None], size=(64, 64), mode="bilinear", align_corners=False)[:, 0]


@pytest.mark.parametrize("layer", ["inception5b", "inception4c"])
def test_gradcam_equals_one_written_by_hand(subject, layer):
    active, gradient = activations(subject, layer)
    expected = enlarged(torch.einsum("nc,nchw->nhw", gradient.mean((2, 3)), active).relu())
    close(attribute(subject.module, subject.images, subject.targets, "gradcam", layer=layer), expected)


@pytest.mark.parametrize("layer", INCEPTION_BLOCKS)
def test_layercam_equals_one_written_by_hand(subject, layer):
    active, gradient = activations(subject, layer)
    expected = enlarged((gradient.relu() * active).sum(1).relu())
    close(attribute(subject.module, subject.images, subject.targets, "layercam", layer=layer), expected)


def test_guided_gradcam_is_guided_backprop_times_gradcam(subject):
    asked = subject.module, subject.images, subject.targets
    guided = attribute(*asked, "guided")
    for layer in ("inception5b", "inception4a"):
        expected = guided * attribute(*asked, "gradcam", layer=layer)
        close(attribute(*asked, "guidedgradcam", layer=layer), expected, 1e-5)


class Rule(torch.autograd.Function):
    """A ReLU that passes back what is positive, `guided`: only where something went in, too."""

    @staticmethod
    def forward(ctx, x, guided):
        ctx.open = x > 0 if guided else torch.ones_like(x, dtype=torch.bool)
        return x.relu()

    @staticmethod
    def backward(ctx, gradient):
        return gradient.relu() * ctx.open, None


@pytest.mark.parametrize(("method", "guided"), [("guided", True), ("deconv", False)])
def test_modified_gradients_equal_those_of_relus_written_by_hand(subject, method, guided):
    relus = [part for part in subject.module.modules() if isinstance(part, nn.ReLU)]
    hooks = [relu.register_forward_hook(lambda part, inputs, _: Rule.apply(inputs[0], guided)) for relu in relus]
    try:
        expected = gradients(subject.module, subject.images, subject.targets).abs().amax(1)
    finally:
        for hook in hooks:
            hook.remove()
    close(attribute(subject.module, subject.images, subject.targets, method), expected)


@pytest.mark.parametrize("method", ["guided", "deconv"])
def test_modified_gradients_differ_from_saliency_on_googlenet(subject, method):
    asked = subject.module, subject.images, subject.targets
    modified, plain = (attribute(*asked, each).flatten(1) for each in (method, "saliency"))
    assert torch.cosine_similarity(modified, plain).max() < 0.95


@pytest.mark.parametrize("method", ["guided", "deconv"])
def test_modified_gradients_without_relus_are_saliency(linear, images, targets, method):
    close(attribute(linear, images, targets, method), attribute(linear, images, targets, "saliency"))


def test_relus_pass_back_what_is_positive():
    network = nn.Sequential(nn.Conv2d(3, 3, 1, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(3, 1, bias=False))
    network[0].weight.data = torch.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0], [-1.0, -1.0, -1.0]])[:, :, None, None]
    network[3].weight.data = torch.tensor([[1.0, -1.0, 1.0]])
    network.eval()
    pixel, target = torch.ones((1, 3, 1, 1)), torch.tensor([0])
    assert attribute(network, pixel, target, "saliency").item() == 27
    assert attribute(network, pixel, target, "guided").item() == 3
    assert attribute(network, pixel, target, "deconv").item() == 2
