"""Where the encoded images of a source lie, each under a name: a folder, an archive, a table."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Shelf(Protocol):
    """Encoded images by name. Picklable: processes and threads read from it at once."""

    @property
    def where(self) -> Path:
        """The folder or the file."""

    def names(self) -> tuple[str, ...]:
        """Return the names of the images directly in it, sorted."""

    def holds(self, name: str) -> bool:
        """Whether there is an image of that name, which may lie deeper."""

    def read(self, name: str) -> bytes:
        """Return the bytes of an image; BrokenDataError if it is not to be read, MissingFileError if it cannot be."""

    def stamp(self, name: str) -> tuple[int, ...]:
        """Return numbers that change when the image does, without reading it: its size, its time, its place."""


def title_of(path: Path) -> str:
    """Return what a path is called on the screen, its last two names: `imagenet/val`."""
    return "/".join(path.resolve().parts[-2:])
