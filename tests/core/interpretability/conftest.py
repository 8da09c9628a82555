from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from core.interpretability.attribution.baselines import BASELINES
from core.networks.googlenet import googlenet
from core.networks.network import IMAGENET_NORMALISATION
from core.networks.registry import DEMO_CHECKPOINT, load_network
from tests.reference import REFERENCE

BVLC = REFERENCE / "weights" / "googlenet_bvlc.safetensors"


def _lively(module: nn.Module) -> nn.Module:
    """Give a network weights under which activations neither vanish nor explode, and shifts that make it non-linear."""
    generator = torch.Generator().manual_seed(3)
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, generator=generator)
        if isinstance(part, nn.BatchNorm2d):
            part.bias.data.normal_(std=0.3, generator=generator)
            part.running_mean.normal_(std=0.3, generator=generator)
    nn.init.normal_(module.fc.weight, std=0.05, generator=generator)
    return module.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def network() -> nn.Module:
    return _lively(googlenet(16))


@pytest.fixture(scope="session")
def pixels() -> torch.Tensor:
    """Three soft colourful pictures: (3, 64, 64, 3) uint8."""
    coarse = 255 * torch.rand((3, 3, 8, 8), generator=torch.Generator().manual_seed(1))
    return interpolate(coarse, size=64, mode="bicubic").clamp(0, 255).byte().permute(0, 2, 3, 1)


@pytest.fixture
def images(pixels) -> torch.Tensor:
    return IMAGENET_NORMALISATION(pixels)


@pytest.fixture
def black(pixels) -> torch.Tensor:
    return IMAGENET_NORMALISATION(BASELINES["black"].make(pixels, 0))


@pytest.fixture
def targets() -> torch.Tensor:
    return torch.tensor([2, 15, 0])


@pytest.fixture
def linear():
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.AvgPool2d(3), nn.Flatten(), nn.Linear(4 * 10 * 10, 16))
    return layers.eval().requires_grad_(False)


@dataclass(frozen=True)
class Subject:
    """A network, three images, the black one as the network sees it, and the class that black changes most."""

    module: nn.Module
    images: torch.Tensor
    black: torch.Tensor
    targets: torch.Tensor


@pytest.fixture(
    scope="session",
    params=["random", "demo", pytest.param("googlenet-bvlc", marks=pytest.mark.reference)],
)
def subject(request, network, pixels) -> Subject:
    """Random weights, and the trained ones that are at hand."""
    if request.param == "random":
        return _subject(network, IMAGENET_NORMALISATION, pixels)
    weights = DEMO_CHECKPOINT if request.param == "demo" else BVLC
    if not weights.is_file():
        pytest.skip(f"{weights.name} is not here")
    loaded = load_network(request.param, weights)
    return _subject(loaded.module, loaded.normalisation, pixels)


@torch.no_grad()
def _subject(module, normalisation, pixels) -> Subject:
    images, black = normalisation(pixels), normalisation(BASELINES["black"].make(pixels[:1], 0))
    return Subject(module, images, black, (module(images) - module(black)).abs().argmax(1))
