"""From a source's images to the pixels that a network is shown, some dozens at a time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from core.data.packed import row_bytes
from core.data.pictures import MAX_PIXELS
from core.data.preset import Preset, cropped
from core.data.protocol import Source
from core.errors import BrokenDataError

CHUNK_BYTES = 16 * 2**20  # what is in memory at once is about this for each core
CHUNK_IMAGES = 32  # lost by an interruption; and how often progress is told
_FIRST_IMAGES = 8  # decoded by one process while the others wait to hear whether it pays to start them


@dataclass(frozen=True, eq=False)
class Chunk:
    """The images `span` of a source, one row each, and why those that are black could not be decoded."""

    span: range
    rows: NDArray[np.uint8]  # (k, h, w, 3)
    digests: tuple[str, ...]  # SHA-256 of each row but those skipped
    skipped: tuple[tuple[int, str], ...]  # (index, reason)

    def write(self, pixels: Path) -> None:
        """Write the rows to their places in a file in which image i of the source is row i. Raises OSError."""
        with pixels.open("r+b", buffering=0) as file:
            file.seek(self.span.start * self.rows[0].nbytes)
            left = self.rows.data.cast("B")
            while left:  # a disk that is about to be full takes a part at first
                left = left[file.write(left) :]


def decode(source: Source, preset: Preset, span: range) -> Chunk:
    """Decode the images `span` of a source; the broken ones are skipped."""
    rows = np.empty((len(span), preset.crop, preset.crop, 3), dtype=np.uint8)
    digests: list[str] = []
    skipped: list[tuple[int, str]] = []
    for row, index in zip(rows, span, strict=True):
        try:
            row[:] = pixel_row(source.image(index), preset)
            digests.append(hashlib.sha256(row.data).hexdigest())
        except BrokenDataError as error:
            row[:] = 0
            skipped.append((index, error.given))
    return Chunk(span, rows, tuple(digests), tuple(skipped))


def pixel_row(image: Image, preset: Preset) -> NDArray[np.uint8]:
    """Return the pixels that the network is shown of an image: (h, w, 3)."""
    _refuse_elongated(image, preset)
    return np.asarray(cropped(image, preset))


def spans(start: int, stop: int, preset: Preset) -> list[range]:
    """Return the chunks in which the images from `start` to before `stop` are packed."""
    step = max(1, min(CHUNK_IMAGES, CHUNK_BYTES // row_bytes(preset)))
    second = min(start + min(_FIRST_IMAGES, step), stop)
    bounds = [start, *range(second, stop, step), stop]
    return [range(first, after) for first, after in pairwise(bounds) if first < after]


def _refuse_elongated(image: Image, preset: Preset) -> None:
    """A picture of 1 x 1,000,000 pixels is small until its shorter side is resized to 256."""
    short, long = sorted(image.size)
    if preset.resize is not None and preset.resize**2 * long > MAX_PIXELS * short:
        raise BrokenDataError(
            f"{image.width:,} x {image.height:,} pixels are too long for their width",
            f"at most {MAX_PIXELS:,} pixels once the shorter side is {preset.resize}",
            "cut it, or take it away",
        )
