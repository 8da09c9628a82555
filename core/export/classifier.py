"""A network with its preprocessing inside: pixels in, logits out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.evaluation.inference import folded_copy
from core.networks.network import Normalisation


class Classifier(nn.Module):
    """A network, batch norm folded, that takes pixels as they are decoded: nobody can normalise them wrongly."""

    mean: Tensor
    std: Tensor

    def __init__(self, module: nn.Module, normalisation: Normalisation) -> None:
        super().__init__()
        self.module = folded_copy(module)
        self.unit = normalisation.unit
        self.register_buffer("mean", torch.tensor(normalisation.mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(normalisation.std).view(3, 1, 1))
        self.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        """Map pixels (n, h, w, 3) uint8, RGB, to logits (n, classes) float32."""
        x = pixels.permute(0, 3, 1, 2).float() / self.unit  # channels last in memory as it is
        return self.module((x - self.mean) / self.std)  # type: ignore[no-any-return]
