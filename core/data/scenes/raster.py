"""Outlines to coverage, in whole numbers: a drawing library's rounding may differ between machines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.data.scenes.geometry import Box, Pose
from core.data.scenes.shapes import Outline

_FINER = 4  # samples along each side of a pixel
_PARTS = 16  # of a sample: how finely corners are placed

Ints = NDArray[np.int64]


def coverage(outline: Outline, pose: Pose, size: int) -> NDArray[np.uint8]:
    """Return how much of each pixel (size, size) the outline covers, 0..255."""
    starts, ends = _edges(outline, pose, size * _FINER * _PARTS)
    x0, y0, x1, y1 = window = _window(starts, size)
    cover = np.zeros((size, size), np.uint8)
    if x0 < x1 and y0 < y1:
        cover[y0:y1, x0:x1] = _averaged(_samples(starts, ends, window))
    return cover


def _edges(outline: Outline, pose: Pose, pixels: int) -> tuple[Ints, Ints]:
    loops = [np.array(pose.place(loop, pixels), np.int64) for loop in outline]
    return np.concatenate(loops), np.concatenate([np.roll(loop, -1, 0) for loop in loops])


def _window(corners: Ints, size: int) -> Box:
    """Return the part of the picture that the corners span, in pixels."""
    pixel = _FINER * _PARTS
    low = np.clip(corners.min(0) // pixel, 0, size)
    high = np.clip(corners.max(0) // pixel + 1, 0, size)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _samples(starts: Ints, ends: Ints, window: Box) -> NDArray[np.uint8]:
    """Return 1 for each sample of the window that lies inside by the even-odd rule: crossings to its left are odd."""
    x0, y0, x1, y1 = (edge * _FINER for edge in window)
    height, width = y1 - y0, x1 - x0
    lines = np.arange(y0, y1) * _PARTS + _PARTS // 2
    row, edge = np.nonzero((starts[:, 1] <= lines[:, None]) != (ends[:, 1] <= lines[:, None]))
    start, end = starts[edge], ends[edge]
    along = (lines[row] - start[:, 1]) * (end[:, 0] - start[:, 0]) // (end[:, 1] - start[:, 1])
    column = np.clip((start[:, 0] + along + _PARTS // 2) // _PARTS - x0, 0, width)
    crossings = np.bincount(row * (width + 1) + column, minlength=height * (width + 1))
    left = np.cumsum(crossings.reshape(height, width + 1)[:, :width].astype(np.uint8), 1, np.uint8)
    return left & np.uint8(1)


def _averaged(samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = samples.shape
    lines = samples.reshape(height // _FINER, _FINER, width).sum(1, dtype=np.uint16)
    counts = lines.reshape(height // _FINER, width // _FINER, _FINER).sum(2, dtype=np.uint16)
    cover: NDArray[np.uint8] = (counts * np.uint16(255) // np.uint16(_FINER**2)).astype(np.uint8)
    return cover
