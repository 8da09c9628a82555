"""Where the path to an image begins: pixels in, pixels out, so that no one needs to know the normalisation.

`network.inputs(BASELINES["black"].make(pixels, seed))` is what `attribute` wants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

BLUR = 0.1  # standard deviation of the Gaussian as a share of the picture's shorter side


@dataclass(frozen=True)
class Baseline:
    """A picture that stands for the absence of what the image shows: `make(pixels, seed)`, (n, h, w, 3) uint8."""

    name: str
    title: str
    meaning: str
    make: Callable[[Tensor, int], Tensor]
    random: bool = False  # another seed, another picture


def black(pixels: Tensor, seed: int) -> Tensor:
    """Return black pictures of the same shape."""
    return pixels.new_zeros(pixels.shape)


def mean(pixels: Tensor, seed: int) -> Tensor:
    """Return each picture's own mean colour all over."""
    return pixels.float().mean((1, 2), keepdim=True).round().to(pixels.dtype).expand(pixels.shape).contiguous()


def blurred(pixels: Tensor, seed: int) -> Tensor:
    """Return the pictures blurred by a Gaussian of a tenth of the shorter side: no edge is left."""
    import torch
    from scipy.ndimage import gaussian_filter

    spread = BLUR * min(pixels.shape[1:3])
    soft = gaussian_filter(pixels.cpu().float().numpy(), (0, spread, spread, 0), mode="nearest")
    return torch.from_numpy(soft).round().to(pixels)


def noise(pixels: Tensor, seed: int) -> Tensor:
    """Return uniform noise, the same for all pictures of one size and seed."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    one = torch.randint(0, 256, tuple(pixels.shape[1:]), generator=generator, dtype=torch.uint8)
    return one.to(pixels.device).expand(pixels.shape).contiguous()


BASELINES: dict[str, Baseline] = {
    baseline.name: baseline
    for baseline in (
        Baseline("black", "black", "A black picture: dark pixels count for nothing.", black),
        Baseline(
            "mean",
            "mean colour",
            "The image's own mean colour all over: pixels of that colour count for nothing.",
            mean,
        ),
        Baseline("blurred", "blurred", "The image without its edges: broad colours count for little.", blurred),
        Baseline(
            "noise", "noise", "Pixels of any colour: no colour counts for nothing, but no map is smooth.", noise, True
        ),
    )
}
