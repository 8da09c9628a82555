"""Smooth noise in whole numbers, so that no machine rounds it otherwise."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating]  # float32 everywhere; NumPy's types cannot tell
_FINE = 64


@lru_cache(maxsize=256)
def _weights(size: int, cells: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first cell of each pixel (size,) and its four cubic B-spline weights (4, size), in 6 * 64^3ths."""
    cell, t = np.divmod((2 * np.arange(size) + 1) * cells * _FINE // (2 * size), _FINE)
    u = _FINE - t
    near = [4 * _FINE**3 - 6 * x * x * _FINE + 3 * x**3 for x in (t, u)]
    return cell, np.stack([u**3, *near, t**3])


def _stretched(grid: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Stretch a grid (cells + 3, n) to (size, n)."""
    cell, weights = _weights(size, grid.shape[0] - 3)
    parts = [weights[i, :, None] * grid[cell + i] for i in range(4)]
    total: NDArray[np.int64] = parts[0] + parts[1] + parts[2] + parts[3]
    return total


def noise(random: np.random.Generator, size: int, across: int, down: int) -> Field:
    """Return smooth noise (size, size) around 0, within -1..1, with that many cells across and down."""
    grid = random.integers(-128, 128, (down + 3, across + 3))
    exact = _stretched(_stretched(grid, size).T, size).T
    return (exact * (1 / (128 * 36.0 * _FINE**6))).astype(np.float32)


def fractal(random: np.random.Generator, size: int, cells: int, octaves: int) -> Field:
    """Return `octaves` layers of noise, each twice as fine and half as strong as the one before."""
    layers = [noise(random, size, cells << i, cells << i) * np.float32(0.5**i) for i in range(octaves)]
    total = layers[0]
    for layer in layers[1:]:
        total = total + layer
    return total


def grain(random: np.random.Generator, size: int) -> Field:
    """Return independent noise for each pixel, -1..1."""
    return random.integers(-128, 128, (size, size), dtype=np.int16).astype(np.float32) * np.float32(1 / 128)


def triangle_wave(x: Field) -> Field:
    """Return a wave of period 1 that runs from 0 up to 1 and back."""
    wave: Field = np.abs((x - np.floor(x)) * np.float32(2) - np.float32(1))
    return wave
