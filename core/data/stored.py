"""Labelled image files: what every source of stored images shares, wherever they lie."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from core.data.pictures import decoded
from core.data.shelf import Shelf, title_of


class Regions(Protocol):
    """Where in images the target is."""

    @property
    def kind(self) -> str:
        """How exactly: "mask" or "boxes"."""

    def mask(self, name: str, picture: Callable[[], Image]) -> NDArray[np.bool_] | None:
        """Return the target's pixels (h, w) in the image of that name; None where they are not known."""


@dataclass(frozen=True, eq=False)
class StoredSource:
    """Images on a shelf, each with a class; `ids` are their names there."""

    name: str
    shelf: Shelf
    classes: tuple[str, ...]
    labels: NDArray[np.int64]  # (n,)
    ids: tuple[str, ...]  # n, with forward slashes
    regions: Regions | None = None
    notes: tuple[str, ...] = ()  # what its user should know of how it was read
    generated: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def title(self) -> str:
        """The last two names of the path: `imagenet/val`."""
        return title_of(self.shelf.where)

    def image(self, index: int) -> Image:
        """Return one image in RGB; BrokenDataError if it cannot be decoded, MissingFileError if it is gone."""
        name = self.ids[index]
        return decoded(self.shelf.read(name), name.rsplit("/", 1)[-1])

    @property
    def region(self) -> str:
        """What `mask` returns: the target's "mask", the union of its "boxes", nothing ("")."""
        return self.regions.kind if self.regions else ""

    def mask(self, index: int) -> NDArray[np.bool_] | None:
        """Return where the target is, pixels (h, w) of the image as it is stored; None if that is not known.

        Raises BrokenDataError where what says it is malformed, and what `image` raises.
        """
        return self.regions.mask(self.ids[index], lambda: self.image(index)) if self.regions else None

    def identity(self) -> str:
        """Return a hash of names, sizes, times and classes as they were at the first call: no image is read."""
        return self._identity

    @cached_property
    def _identity(self) -> str:
        found = hashlib.sha256(repr(self.classes).encode())
        for name, label in zip(self.ids, self.labels.tolist(), strict=True):
            found.update(repr((name, label, *self.shelf.stamp(name))).encode())
        return found.hexdigest()
