"""The two architectures, both torchvision's `GoogLeNet` with its parameter names."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn
from torchvision.models import GoogLeNet

from core.networks.blocks import (
    AuxNorm,
    ConvNormReLU,
    ConvReLU,
    Inception2014,
    InceptionNorm,
    LocalResponseNorm,
)


def googlenet(classes: int = 1000, *, transform_input: bool = False, initialise: bool = False) -> GoogLeNet:
    """Build torchvision's GoogLeNet (batch norm, 3x3 in branch 3) without auxiliary heads.

    `transform_input` belongs to torchvision's ImageNet weights and to nothing else.
    """
    return GoogLeNet(
        classes,
        aux_logits=False,
        transform_input=transform_input,
        init_weights=initialise,
        blocks=[ConvNormReLU, InceptionNorm, AuxNorm],
    )


def googlenet_bvlc(classes: int = 1000) -> GoogLeNet:
    """Build the network of 2014 (Szegedy et al. 2015, as BVLC trained it): no batch norm, LRN, 5x5 in branch 3."""
    network = GoogLeNet(classes, aux_logits=False, init_weights=False, blocks=[ConvReLU, Inception2014, AuxNorm])
    network.maxpool1 = nn.Sequential(network.maxpool1, LocalResponseNorm())
    network.maxpool2 = nn.Sequential(LocalResponseNorm(), network.maxpool2)
    network.maxpool4 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
    return network


ARCHITECTURES: dict[str, Callable[..., GoogLeNet]] = {"googlenet": googlenet, "googlenet-bvlc": googlenet_bvlc}
