"""Labelled image files: what every source of files shares, whatever its layout."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from core.data.boxes import Box, read_boxes, union
from core.data.disk import entries, unreadable
from core.errors import BrokenDataError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
MAX_PIXELS = 89_478_485  # Pillow's own threshold of suspicion: a quarter of a gigabyte once decoded

ImageFile.LOAD_TRUNCATED_IMAGES = False  # half an image must be an error, never grey pixels


@dataclass(frozen=True, eq=False)
class FileSource:
    """Image files below one folder, each with a class; `ids` are their paths in that folder."""

    name: str
    folder: Path
    classes: tuple[str, ...]
    labels: NDArray[np.int64]  # (n,)
    ids: tuple[str, ...]  # n, with forward slashes
    boxes: Path | None = None  # a table of boxes around the objects
    generated: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def title(self) -> str:
        """The last two names of the path: `imagenet/val`."""
        return "/".join(self.folder.resolve().parts[-2:])

    def image(self, index: int) -> Image.Image:
        """Return one image in RGB; BrokenDataError if it cannot be decoded."""
        return read_picture(self.folder / self.ids[index])

    @property
    def region(self) -> str:
        """What `mask` returns: the union of "boxes"; nothing ("") without a table of them."""
        return "boxes" if self.boxes else ""

    def mask(self, index: int) -> NDArray[np.bool_] | None:
        """Return which pixels (h, w) of an image lie in one of its boxes; None if it has none.

        Raises what `read_boxes` and `image` raise.
        """
        boxes = self._boxes.get(self.ids[index])
        return union(boxes, *self.image(index).size) if boxes else None

    def identity(self) -> str:
        """Return a hash of names, sizes, times and classes as they were at the first call: no file is opened."""
        return self._identity

    @cached_property
    def _boxes(self) -> dict[str, list[Box]]:
        """Read when first asked for: who only measures accuracy need not wait for it, nor mend it."""
        return read_boxes(self.boxes, self.folder, self.ids) if self.boxes else {}

    @cached_property
    def _identity(self) -> str:
        found = hashlib.sha256(repr(self.classes).encode())
        for name, label in zip(self.ids, self.labels.tolist(), strict=True):
            state = _state(self.folder / name)
            found.update(repr((name, label, state.st_size, state.st_mtime_ns)).encode())
        return found.hexdigest()


def is_picture(name: str) -> bool:
    """Whether a file name is that of an image: by its suffix, and not hidden."""
    return not name.startswith(".") and PurePath(name).suffix.lower() in SUFFIXES


def pictures_in(folder: Path) -> Iterator[str]:
    """Yield the names of the image files directly in a folder, in no order."""
    return (entry.name for entry in entries(folder) if is_picture(entry.name) and entry.is_file())


def read_picture(path: Path) -> Image.Image:
    """Return an image file decoded to RGB, whole.

    BrokenDataError if it is no image, truncated or suspiciously large; MissingFileError if the disk does not give it.
    """
    try:
        with path.open("rb") as file:
            return _decoded(path, file)
    except OSError as error:
        raise unreadable(path, error) from error


def _decoded(path: Path, file: BinaryIO) -> Image.Image:
    try:
        with Image.open(file) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise ValueError(f"{picture.width:,} x {picture.height:,} pixels are too many")
            return picture.convert("RGB")
    except Exception as error:  # Pillow's decoders raise nearly every built-in type on malformed bytes
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None):
            raise
        raise BrokenDataError(
            f"{path.name} is broken: {_reason(path, error)}",
            f"a whole JPEG or PNG image of at most {MAX_PIXELS:,} pixels",
            "replace it or take it away",
        ) from error


def _reason(path: Path, error: Exception) -> str:
    if path.stat().st_size == 0:
        return "the file is empty"
    return "not an image" if isinstance(error, UnidentifiedImageError) else str(error) or type(error).__name__


def _state(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
