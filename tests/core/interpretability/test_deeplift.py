"""DeepLIFT's rules, each against what it promises."""

from __future__ import annotations

import pytest
import torch
from captum.attr import DeepLift
from torch import nn

from core.interpretability.attribution.attribute import attribute
from core.interpretability.attribution.rescale import rescaled
from core.networks.blocks import LocalResponseNorm
from tests.core.interpretability.compare import close

NONLINEAR = {
    "relu": nn.ReLU(),
    "pool": nn.MaxPool2d(3, stride=2, ceil_mode=True),
    "pool of stride 1": nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True),
    "norm": LocalResponseNorm(alpha=0.5),
    "norm of even size": LocalResponseNorm(size=4, alpha=0.5, k=2.0),
    "norm after pool": nn.Sequential(nn.MaxPool2d(3, stride=2), LocalResponseNorm(alpha=0.5)),
    "relu before pool": nn.Sequential(nn.ReLU(), nn.MaxPool2d(2)),
}


@pytest.mark.parametrize("distance", [1.0, 1e-4, 1e-8, 0.0])
@pytest.mark.parametrize("part", NONLINEAR.values(), ids=NONLINEAR)
def test_every_rule_is_linear_and_says_what_the_module_says(part, distance):
    generator = torch.Generator().manual_seed(1)
    start, way, upstream = (torch.randn((2, 7, 9, 8), generator=generator, dtype=torch.float64) for _ in range(3))
    image = (start + distance * way).requires_grad_()
    with rescaled(part, start):
        output = part(image)
    rise = output - part(start)
    torch.testing.assert_close(output, part(image))
    upstream = upstream.flatten()[: output.numel()].view(output.shape)
    multipliers = torch.autograd.grad(output, image, upstream)[0]
    parts = multipliers * (image - start)
    assert abs(parts.sum() - (upstream * rise).sum()) <= 1e-10 * parts.abs().sum() + 1e-14  # the rise itself is rounded
    assert multipliers.abs().max() < 100


def test_a_tensor_that_branches_share_gets_the_multipliers_of_both():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.pool, self.relu = nn.MaxPool2d(3, stride=1, padding=1), nn.ReLU()

        def forward(self, x):
            return torch.cat([self.pool(x), self.relu(x), x], 1)

    generator = torch.Generator().manual_seed(1)
    start, image = (torch.randn((1, 2, 6, 6), generator=generator, dtype=torch.float64) for _ in range(2))
    image.requires_grad_()
    module = Branches()
    with rescaled(module, start):
        output = module(image)
    contributions = torch.autograd.grad(output.sum(), image)[0] * (image - start)
    torch.testing.assert_close(contributions.sum(), (module(image) - module(start)).sum())


@pytest.fixture
def rectified():
    torch.manual_seed(0)
    layers = nn.Sequential(
        *(nn.Conv2d(3, 6, 5, stride=3), nn.ReLU(), nn.Conv2d(6, 8, 3), nn.ReLU()),
        *(nn.AvgPool2d(3), nn.Flatten(), nn.Linear(8 * 6 * 6, 16)),
    )
    return layers.eval().requires_grad_(False)


@pytest.mark.filterwarnings("ignore:Setting forward, backward hooks", "ignore:Input Tensor 0 did not")
def test_without_pooling_it_is_captums(rectified, images, targets, black):
    expected = DeepLift(rectified).attribute(images.clone(), black, target=targets).sum(1).detach()
    close(attribute(rectified, images, targets, "deeplift", baselines=black), expected, 1e-5)


def test_on_a_linear_network_from_zero_it_is_input_x_gradient(linear, images, targets):
    zero, expected = torch.zeros_like(images), attribute(linear, images, targets, "ixg")
    for method in ("deeplift", "deepliftshap", "gradshap"):
        close(attribute(linear, images, targets, method, baselines=zero), expected, 1e-5)


def test_deeplift_shap_is_the_mean_of_deeplift_over_the_baselines(network, images, targets):
    draws = torch.randn((3, 2, 3, 64, 64), generator=torch.Generator().manual_seed(5))
    each = [attribute(network, images, targets, "deeplift", baselines=draws[:, i]) for i in range(2)]
    close(attribute(network, images, targets, "deepliftshap", baselines=draws), (each[0] + each[1]) / 2)
    close(attribute(network, images, targets, "deepliftshap", baselines=draws, draws=1), each[0])


def test_deeplift_differs_from_the_gradient_times_the_difference_on_googlenet(subject):
    asked = subject.module, subject.images, subject.targets
    maps = attribute(*asked, "deeplift", baselines=subject.black)
    points = subject.images.clone().requires_grad_()
    logits = subject.module(points).gather(1, subject.targets[:, None]).sum()
    plain = (torch.autograd.grad(logits, points)[0] * (subject.images - subject.black)).sum(1)
    assert torch.cosine_similarity(maps.flatten(1), plain.flatten(1)).max() < 0.9
