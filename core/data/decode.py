"""From a source's images to the pixels that a network is shown, some hundred at a time, on all cores."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from core.data.packed import row_bytes
from core.data.pictures import MAX_PIXELS
from core.data.preset import Preset, cropped
from core.data.processes import map_where_it_pays
from core.data.protocol import Source
from core.errors import BrokenDataError

CHUNK_BYTES = 16 * 2**20  # what is in memory at once is about this for each core
CHUNK_IMAGES = 64  # lost by an interruption; and how often progress is told


@dataclass(frozen=True, eq=False)
class Chunk:
    """The images `span` of a source: the rows of those that could be decoded, and why the others could not."""

    span: range
    rows: NDArray[np.uint8]  # (k, h, w, 3)
    digests: tuple[str, ...]  # k, SHA-256 of each row
    skipped: tuple[tuple[int, str], ...]  # (index, reason)


def decode(source: Source, preset: Preset, span: range) -> Chunk:
    """Decode the images `span` of a source; the broken ones are skipped."""
    rows = np.empty((len(span), preset.crop, preset.crop, 3), dtype=np.uint8)
    skipped: list[tuple[int, str]] = []
    for index in span:
        try:
            rows[index - span.start - len(skipped)] = pixel_row(source.image(index), preset)
        except BrokenDataError as error:
            skipped.append((index, error.given))
    kept = rows[: len(span) - len(skipped)]
    return Chunk(span, kept, tuple(hashlib.sha256(row.data).hexdigest() for row in kept), tuple(skipped))


def decode_all(source: Source, preset: Preset, start: int) -> Generator[Chunk, None, None]:
    """Yield the chunks of a source from image `start` on, in order; on all cores if much is to be done."""
    yield from map_where_it_pays(partial(decode, source, preset), spans(start, len(source), preset))


def pixel_row(image: Image, preset: Preset) -> NDArray[np.uint8]:
    """Return the pixels that the network is shown of an image: (h, w, 3)."""
    _refuse_elongated(image, preset)
    return np.asarray(cropped(image, preset))


def spans(start: int, stop: int, preset: Preset) -> list[range]:
    """Return the chunks in which the images from `start` to before `stop` are packed."""
    step = max(1, min(CHUNK_IMAGES, CHUNK_BYTES // row_bytes(preset)))
    return [range(first, min(first + step, stop)) for first in range(start, stop, step)]


def _refuse_elongated(image: Image, preset: Preset) -> None:
    """A picture of 1 x 1,000,000 pixels is small until its shorter side is resized to 256."""
    short, long = sorted(image.size)
    if preset.resize is not None and preset.resize**2 * long > MAX_PIXELS * short:
        raise BrokenDataError(
            f"{image.width:,} x {image.height:,} pixels are too long for their width",
            f"at most {MAX_PIXELS:,} pixels once the shorter side is {preset.resize}",
            "cut it, or take it away",
        )
