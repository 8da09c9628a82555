"""A pack: images as one network is shown them, in one file that is read at memory speed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from core.data.order import stratified_order
from core.data.preset import Preset
from core.errors import BrokenDataError

PIXELS = "pixels.bin"


@dataclass(frozen=True)
class Skipped:
    """An image of the source that is not in the pack, and why."""

    index: int
    id: str
    reason: str


@dataclass(frozen=True, eq=False)
class Pack:
    """n images of a source as uint8 pixels (n, h, w, 3), in the source's order without the broken ones."""

    folder: Path
    source: str  # the name of the source
    title: str
    preset: Preset
    classes: tuple[str, ...]  # some may have no image
    labels: NDArray[np.int64]  # (n,)
    ids: tuple[str, ...]
    indices: NDArray[np.int64]  # (n,), the place of each image in its source
    skipped: tuple[Skipped, ...]
    fingerprint: str  # of pixels, labels and ids, or of the recipe that makes them

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(n, h, w, 3)."""
        return len(self), self.preset.crop, self.preset.crop, 3

    @property
    def file(self) -> Path:
        """The file of pixels: the rows one after another, nothing else."""
        return self.folder / PIXELS

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """All pixels, memory-mapped and read-only: (n, h, w, 3).

        What is touched counts as this process's memory until the system needs it: `batch` does not have that cost.
        """
        return np.memmap(self.file, dtype=np.uint8, mode="r", shape=self.shape)

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """The order in which to measure, the same for every network: (n,), any prefix balanced over the classes."""
        return stratified_order(self.labels)

    def batch(self, places: ArrayLike) -> NDArray[np.uint8]:
        """Read the images at these places (b,) into a new array (b, h, w, 3); no other memory is used."""
        wanted = np.arange(len(self))[np.asarray(places, dtype=np.int64)]
        rows = np.empty((len(wanted), *self.shape[1:]), dtype=np.uint8)
        with self.file.open("rb", buffering=0) as file:
            for row, place in zip(rows, wanted.tolist(), strict=True):
                file.seek(place * row.nbytes)
                if file.readinto(row.data) != row.nbytes:
                    raise BrokenDataError(f"{self.file} is cut short", "the file as it was packed", "open it again")
        return rows

    def image(self, place: int) -> Image.Image:
        """Return one image as the network is shown it."""
        return Image.fromarray(self.batch([place])[0])


def row_bytes(preset: Preset) -> int:
    """Return the bytes of one packed image."""
    return preset.crop * preset.crop * 3


def row_digests(pixels: BinaryIO, size: int) -> Iterator[str]:
    """Yield the SHA-256 of each whole row of `size` bytes of a file of pixels."""
    while len(row := pixels.read(size)) == size:
        yield hashlib.sha256(row).hexdigest()
