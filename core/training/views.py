"""What a training step sees: windows of scenes, resized and flipped, the same for the same (seed, step)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from core.data.scenes.drawing import DrawnScenes


@dataclass(frozen=True)
class Phase:
    """Training on `images` windows, each resized to `pixels`, from `least` to `most` of the scene's width wide."""

    pixels: int
    images: int
    least: float
    most: float = 1.0


def order(count: int, seed: int, start: int, stop: int) -> NDArray[np.int64]:
    """Return which scenes come at places start..stop of an endless run of shuffled epochs, (stop - start,)."""
    epochs = range(start // count, (stop - 1) // count + 1)
    shuffled = [np.random.default_rng((seed, epoch)).permutation(count) for epoch in epochs]
    return np.concatenate(shuffled)[start - epochs[0] * count :][: stop - start]


def views(
    scenes: DrawnScenes, chosen: NDArray[np.int64], phase: Phase, random: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Return augmented pictures (n, 3, p, p) uint8 and their labels (n,)."""
    pictures = [_view(scenes.pixels[i], scenes.boxes[i], phase, random) for i in chosen]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2), torch.from_numpy(scenes.labels[chosen])


def _view(
    pixels: NDArray[np.uint8], box: NDArray[np.int16], phase: Phase, random: np.random.Generator
) -> NDArray[np.uint8]:
    window = _window(box, pixels.shape[0], phase, random)
    small = Image.fromarray(pixels).resize((phase.pixels, phase.pixels), Image.Resampling.BILINEAR, window)
    across, down = random.integers(0, 2, 2) * 2 - 1  # a mirrored object stays in its class
    return np.asarray(small)[::down, ::across]


def _window(box: NDArray[np.int16], size: int, phase: Phase, random: np.random.Generator) -> tuple[int, int, int, int]:
    """Draw a square window that holds the whole target."""
    x0, y0, x1, y1 = (int(v) for v in box)
    smallest = max(x1 - x0, y1 - y0, round(phase.least * size))
    side = int(random.integers(smallest, max(smallest, round(phase.most * size)) + 1))
    x = int(random.integers(max(0, x1 - side), min(x0, size - side) + 1))
    y = int(random.integers(max(0, y1 - side), min(y0, size - side) + 1))
    return x, y, x + side, y + side
