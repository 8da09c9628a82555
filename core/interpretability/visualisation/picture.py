"""A picture that can be optimised: its colours independent of each other, its frequencies equally easy to change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from lucent.optvis import transform
from lucent.optvis.param.color import color_correlation_normalized
from lucent.optvis.param.spatial import fft_image
from numpy.typing import NDArray
from torch import Tensor

from core.interpretability.visualisation.lucent import Dice, lent


@dataclass(frozen=True, eq=False)
class Picture:
    """Pictures that begin as noise; what is optimised are their Fourier coefficients in decorrelated colours."""

    dice: Dice
    device: torch.device
    spectrum: Tensor  # requires its gradient
    _signals: Callable[[], Tensor]

    def image(self) -> Tensor:
        """Return the pictures as they are now: (b, 3, h, w), 0..1."""
        colours = torch.from_numpy(color_correlation_normalized).to(self.device)
        return torch.einsum("bchw,dc->bdhw", self._signals(), colours).sigmoid()

    def seen(self, transforms: str) -> Tensor:
        """Return the pictures as the next step shows them, transformed at random: (b, 3, h', w')."""
        image = self.image()
        if transforms == "none":
            return image
        with lent(self.dice, self.device):
            transformed: Tensor = transform.compose(transform.standard_transforms)(image)
        return transformed

    def pixels(self) -> NDArray[np.uint8]:
        """Return the pictures as they are shown: (b, h, w, 3)."""
        with torch.no_grad():
            levels = (self.image() * 255).round().clamp(0, 255).to(torch.uint8)
        values: NDArray[np.uint8] = levels.permute(0, 2, 3, 1).cpu().numpy()
        return values


def noise(count: int, size: int, contrast: float, seed: int, device: torch.device) -> Picture:
    """Return `count` pictures of noise, `size` pixels a side; `contrast` is the deviation of the coefficients.

    The same seed gives the same noise on every device.
    """
    dice = Dice(seed)
    with lent(dice, device):
        parameters, signals = fft_image([count, 3, size, size], sd=contrast)
    return Picture(dice, device, parameters[0], signals)
