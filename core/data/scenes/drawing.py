"""Many scenes at once: drawn by several processes into one memory-mapped array."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.scenes.compose import SIZE
from core.data.scenes.source import ScenesSource
from core.progress import Progress, silent

_CHUNK = 250


@dataclass(frozen=True)
class DrawnScenes:
    """Drawn scenes, read from disk when touched."""

    pixels: NDArray[np.uint8]  # (n, s, s, 3)
    boxes: NDArray[np.int16]  # (n, 4)
    labels: NDArray[np.int64]  # (n,)


def draw_scenes(source: ScenesSource, folder: Path, progress: Progress = silent) -> DrawnScenes:
    """Draw all scenes of `source` under `folder`, or open them if they are there already."""
    stem = folder / f"scenes-{source.identity()[:16]}"
    pixels, boxes = stem.with_suffix(".pixels.npy"), stem.with_suffix(".boxes.npy")
    if not pixels.exists():
        _draw(source, pixels, boxes, progress)
    return DrawnScenes(np.load(pixels, mmap_mode="r"), np.load(boxes), source.labels)


def _draw(source: ScenesSource, pixels: Path, boxes: Path, progress: Progress) -> None:
    partial, found = pixels.with_suffix(".partial"), np.zeros((len(source), 4), np.int16)
    np.lib.format.open_memmap(partial, "w+", np.uint8, (len(source), SIZE, SIZE, 3)).flush()
    chunks = [(source, start, min(start + _CHUNK, len(source)), partial) for start in range(0, len(source), _CHUNK)]
    with ProcessPoolExecutor() as pool:
        for (_, start, stop, _), part in zip(chunks, pool.map(_draw_chunk, *zip(*chunks, strict=True)), strict=True):
            found[start:stop] = part
            progress(stop, len(source), "scenes drawn")
    np.save(boxes, found)
    partial.replace(pixels)


def _draw_chunk(source: ScenesSource, start: int, stop: int, path: Path) -> NDArray[np.int16]:
    pixels = np.load(path, mmap_mode="r+")
    boxes = np.zeros((stop - start, 4), np.int16)
    for index in range(start, stop):
        drawn = source.scene(index)
        pixels[index], boxes[index - start] = drawn.image, drawn.box
    pixels.flush()
    return boxes
