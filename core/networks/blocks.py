"""GoogLeNet's building blocks with ReLUs that are modules.

torchvision's `BasicConv2d` ends in an in-place functional ReLU. Attribution methods that change the gradient of
ReLUs (guided backprop, DeepLift) find no module there and return the plain gradient without a word. These blocks
compute the same numbers bit for bit and keep torchvision's parameter names.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.models.googlenet import Inception, InceptionAux


class ConvNormReLU(nn.Module):
    """Convolution without bias, batch norm (eps 0.001), ReLU: torchvision's `BasicConv2d`."""

    def __init__(self, in_channels: int, out_channels: int, **kwargs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **kwargs)  # type: ignore[arg-type]
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in, h, w) to (n, out, h', w')."""
        return self.relu(self.bn(self.conv(x)))  # type: ignore[no-any-return]


class ConvReLU(nn.Module):
    """Convolution with bias, ReLU: the block of 2014, before batch norm."""

    def __init__(self, in_channels: int, out_channels: int, **kwargs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=True, **kwargs)  # type: ignore[arg-type]
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in, h, w) to (n, out, h', w')."""
        return self.relu(self.conv(x))  # type: ignore[no-any-return]


class InceptionNorm(Inception):  # type: ignore[misc]  # torchvision is untyped
    """torchvision's inception block of `ConvNormReLU`s."""

    def __init__(self, in_channels: int, *widths: int) -> None:
        super().__init__(in_channels, *widths, conv_block=ConvNormReLU)


class Inception2014(Inception):  # type: ignore[misc]
    """The inception block as published: its third branch really has a 5x5 convolution."""

    def __init__(self, in_channels: int, *widths: int) -> None:
        super().__init__(in_channels, *widths, conv_block=ConvReLU)
        reduced, out = widths[3], widths[4]
        self.branch3[1] = ConvReLU(reduced, out, kernel_size=5, padding=2)


class AuxNorm(InceptionAux):  # type: ignore[misc]
    """torchvision's auxiliary head of `ConvNormReLU`s: there only to load files that hold it."""

    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.7) -> None:
        super().__init__(in_channels, num_classes, conv_block=ConvNormReLU, dropout=dropout)


class LocalResponseNorm(nn.Module):
    """Across-channel normalisation x / (k + alpha/size * sum of squares)^beta (Krizhevsky et al. 2012, 3.3).

    The same as `nn.LocalResponseNorm`, as a sum of shifted squares: on a CPU that is several times faster.
    """

    def __init__(self, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, c, h, w) to the same shape."""
        return x * self.scale(self.energy(x))

    def energy(self, x: Tensor) -> Tensor:
        """Return the sum of the squares of each channel and its neighbours."""
        return self.neighbours(x.square())

    def scale(self, energy: Tensor) -> Tensor:
        """Return what a value with that energy around it is multiplied by."""
        return (self.k + self.alpha / self.size * energy).pow(-self.beta)

    def neighbours(self, values: Tensor) -> Tensor:
        """Return the sums over `size` neighbouring channels, zero beyond the ends."""
        half, channels = self.size // 2, values.shape[1]
        padded = nn.functional.pad(values, (0, 0, 0, 0, half, self.size - 1 - half))
        return torch.stack([padded[:, i : i + channels] for i in range(self.size)]).sum(0)
