"""A dense network and all that belongs to it."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from core.data.preset import Preset


@dataclass(frozen=True)
class Normalisation:
    """How pixels become inputs: (pixels / unit - mean) / std, per channel."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    unit: float = 255.0

    def __call__(self, pixels: Tensor) -> Tensor:
        """Map pixels (n, h, w, 3) uint8 to inputs (n, 3, h, w) float32 on the same device.

        The order of operations is that of torchvision's presets, so the numbers are theirs to the bit.
        """
        x = pixels.permute(0, 3, 1, 2).float().div_(self.unit)
        mean, std = (torch.tensor(values, device=x.device).view(3, 1, 1) for values in (self.mean, self.std))
        return x.sub_(mean).div_(std)


@dataclass(frozen=True)
class Network:
    """A dense network in evaluation mode, its parameters frozen. Shared: copy the module before changing it."""

    name: str  # as the user names it: "demo", "googlenet", a file
    title: str  # in words, for the screen
    module: nn.Module
    classes: tuple[str, ...]
    preset: Preset
    normalisation: Normalisation
    sha256: str  # of its weights, and of how it is fed where that is unusual

    @property
    def key(self) -> str:
        """What no other network has: of its weights, how it is fed, what it is shown, and what its classes are called.

        `sha256` is what its figures depend on; two networks of the same weights may call their classes otherwise.
        """
        return hashlib.sha256(json.dumps([self.sha256, self.preset.name, self.classes]).encode()).hexdigest()

    @cached_property
    def zeros(self) -> float:
        """The share of its parameters that are zero: of one that was pruned elsewhere what is gone."""
        return zero_share(self.module)

    def copy(self) -> nn.Module:
        """Return a module of its own, to prune or to train."""
        return copy.deepcopy(self.module)

    def inputs(self, pixels: Tensor) -> Tensor:
        """Map pixels (n, h, w, 3) uint8 to what the module takes: (n, 3, h, w) float32."""
        return self.normalisation(pixels)


IMAGENET_NORMALISATION = Normalisation(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
BVLC_NORMALISATION = Normalisation(mean=(123.0, 117.0, 104.0), std=(1.0, 1.0, 1.0), unit=1.0)
IMAGENET_PRESET = Preset(resize=256, crop=224)


def zero_share(module: nn.Module) -> float:
    """Return the share of a module's parameters that are zero."""
    parameters = list(module.parameters())
    nonzero = sum(int(one.count_nonzero()) for one in parameters)
    return 1 - nonzero / sum(one.numel() for one in parameters)


def weights_sha256(state: dict[str, Tensor]) -> str:
    """Return the SHA-256 of a state dict: names, shapes and float32 values, in the order of the names.

    Independent of the file format and of the precision it was stored in, as long as the values are the same.
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        values = state[name].detach().to("cpu", torch.float32).contiguous()
        digest.update(f"{name}{tuple(values.shape)}".encode())
        digest.update(values.numpy().data)
    return digest.hexdigest()
