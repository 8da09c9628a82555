"""A GoogLeNet an eighth as wide, and a few pictures in memory: what a training needs, in a tenth of a second."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from core.data.preset import Preset
from core.networks.blocks import ConvNormReLU, ConvReLU
from core.networks.googlenet import googlenet, googlenet_bvlc
from core.networks.network import IMAGENET_NORMALISATION, Network, weights_sha256
from core.pruning.settings import Pruning
from core.training.retrain import Retrained, retrain
from core.training.retraining import Retraining

CLASSES = ("red", "green", "blue")
NARROWER = 8
QUICK = Retraining(images=None, epochs=2, batch=4, learning_rate=0.01, schedule="constant", crop=0.5, size=1.0)
HALF = Pruning("unstructured", rate=0.5)


class Pictures:
    """Noise of one tint a class: a source whose pictures are there at once."""

    name, title, classes, generated = "pictures", "Pictures", CLASSES, False

    def __init__(self, count: int = 16, size: int = 40, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.labels = np.arange(count) % len(CLASSES)
        self.pixels = random.integers(0, 200, (count, size, size, 3), dtype=np.uint8)
        for pixels, label in zip(self.pixels, self.labels, strict=True):
            pixels[..., label] += 55
        self.ids = tuple(f"picture-{seed}-{index}" for index in range(count))

    def __len__(self) -> int:
        return len(self.labels)

    def image(self, index: int) -> Image.Image:
        return Image.fromarray(self.pixels[index])

    def identity(self) -> str:
        return hashlib.sha256(self.pixels.tobytes()).hexdigest()


def thin_network(kind: str = "googlenet", dropout: float = 0.2) -> Network:
    """Random weights, 32 pixels, three classes; all names are GoogLeNet's."""
    torch.manual_seed(1)
    module = {"googlenet": googlenet, "googlenet-bvlc": googlenet_bvlc}[kind](len(CLASSES))
    for block in list(module.modules()):
        if isinstance(block, ConvNormReLU | ConvReLU):
            block.conv = _narrow(block.conv)
        if isinstance(block, ConvNormReLU):
            block.bn = nn.BatchNorm2d(block.conv.out_channels, eps=0.001)
    module.fc, module.dropout = nn.Linear(1024 // NARROWER, len(CLASSES)), nn.Dropout(dropout)
    module.eval().requires_grad_(False)
    sha = weights_sha256(module.state_dict())
    return Network(kind, "Thin", module, CLASSES, Preset(32, 32), IMAGENET_NORMALISATION, sha)


def _narrow(conv: nn.Conv2d) -> nn.Conv2d:
    channels = conv.in_channels if conv.in_channels == 3 else conv.in_channels // NARROWER
    fresh = nn.Conv2d(
        channels,
        conv.out_channels // NARROWER,
        conv.kernel_size,
        conv.stride,
        conv.padding,
        bias=conv.bias is not None,
    )
    nn.init.kaiming_normal_(fresh.weight)
    return fresh


def trained(
    folder: Path, pruning: Pruning = HALF, network: Network | None = None, images: Pictures | None = None, **settings
) -> Retrained:
    """Retrain the thin network on the CPU; `settings` are of the retraining, or arguments of `retrain`."""
    given = {name: settings.pop(name) for name in ("preset", "progress", "told", "save_every") if name in settings}
    how = replace(QUICK, **settings)
    return retrain(network or thin_network(), pruning, how, images or Pictures(), device="cpu", folder=folder, **given)


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
