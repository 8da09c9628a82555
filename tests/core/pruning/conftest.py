from __future__ import annotations

import pytest
import torch
from torch import nn

from core.networks.googlenet import googlenet, googlenet_bvlc


def lively(module: nn.Module) -> nn.Module:
    """Give batch norm and biases values other than 0 and 1, so that nothing is zero by accident."""
    generator = torch.Generator().manual_seed(1)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(generator=generator)
            part.running_var.uniform_(0.5, 2, generator=generator)
            part.weight.data.normal_(generator=generator)
            part.bias.data.normal_(generator=generator)
    return module.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def network() -> nn.Module:
    """GoogLeNet with batch norm, random weights; shared, so never changed."""
    torch.manual_seed(0)
    return lively(googlenet(1000, initialise=True))


@pytest.fixture(scope="session")
def bvlc() -> nn.Module:
    """The network of 2014, random weights."""
    torch.manual_seed(0)
    return lively(googlenet_bvlc(10))
