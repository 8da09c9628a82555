"""A pack: images as one network is shown them, in one file that is read at memory speed.

Every row is checked by its own SHA-256 each time it is read, so that nothing is ever measured on pixels that are not
those that were packed: whether a disk, a cable or another program spoilt them, when, and whatever the file's time says.
That is cheaper than to remember what was checked: a core hashes 1.4 GB/s, 9,000 images of 224 pixels, where the
evaluation of as many takes minutes, and threads share the work. No pack has to be read whole for a few of its images,
as a hash of chunks would ask.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from core.data.order import stratified_order
from core.data.preset import Preset
from core.data.processes import available_cores
from core.errors import PrunescopeError

PIXELS = "pixels.bin"
MANIFEST = "manifest.json"
DOUBTED = "manifest.doubted.json"  # the manifest of a pack in which damage was met: it is mended before it is used
DIGEST_BYTES = 32
_THREAD_BYTES = 2**20  # read by one thread at least: to start one takes as long as to read some images


class DamagedPackError(PrunescopeError):
    """Packed pixels that are not those that were packed. To open the pack again mends it, if its source is as it was.

    No BrokenDataError: where one broken image or network among many is left out, a damaged pack must not be.
    """


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
    digests: bytes = field(repr=False)  # n x 32, the SHA-256 of each row

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(n, h, w, 3)."""
        return len(self), self.preset.crop, self.preset.crop, 3

    @property
    def file(self) -> Path:
        """The file of pixels: a row for each image of the source, of no meaning if it was skipped, and nothing else."""
        return self.folder / PIXELS

    @property
    def bytes(self) -> int:
        """The size of the file of pixels."""
        return (len(self) + len(self.skipped)) * row_bytes(self.preset)

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """The order in which to measure, the same for every network: (n,), any prefix balanced over the classes."""
        return stratified_order(self.labels)

    def batch(self, places: ArrayLike) -> NDArray[np.uint8]:
        """Read the images at these places (b,) into a new array (b, h, w, 3), each checked by its hash.

        No other memory is used. DamagedPackError if one is not what was packed; the pack then is not found any more
        until `pack` has mended it.
        """
        wanted = np.arange(len(self))[np.asarray(places, dtype=np.int64)]
        rows = np.empty((len(wanted), *self.shape[1:]), dtype=np.uint8)
        parts = min(available_cores(), 1 + rows.nbytes // _THREAD_BYTES)
        if parts == 1:
            self._read(rows, wanted)
        else:
            with ThreadPoolExecutor(parts) as threads:
                list(threads.map(self._read, np.array_split(rows, parts), np.array_split(wanted, parts)))
        return rows

    def _read(self, rows: NDArray[np.uint8], places: NDArray[np.int64]) -> None:
        try:
            with self.file.open("rb", buffering=0) as file:
                for row, place in zip(rows, places.tolist(), strict=True):
                    file.seek(int(self.indices[place]) * row.nbytes)
                    if file.readinto(row.data) != row.nbytes or not self._holds(row, place):
                        raise self._damaged(f"the packed pixels of {self.ids[place]} are damaged")
        except OSError as error:
            raise self._damaged(f"{self.file} cannot be read ({error.strerror or error})") from error

    def _holds(self, row: NDArray[np.uint8], place: int) -> bool:
        start = place * DIGEST_BYTES
        return hashlib.sha256(row.data).digest() == self.digests[start : start + DIGEST_BYTES]

    def _damaged(self, what: str) -> DamagedPackError:
        """Take the pack out of use and return the error to raise."""
        with suppress(OSError):  # another process did it, or the disk takes nothing any more
            (self.folder / MANIFEST).replace(self.folder / DOUBTED)
        return DamagedPackError(
            what,
            f"the bytes of {self.title} as they were packed",
            "try again: what is damaged is packed anew from its source first",
        )

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
