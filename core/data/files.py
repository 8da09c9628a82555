"""Image files in a folder."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from core.data.disk import entries, is_file_or_link, is_folder, readable_names, real_file, unreadable
from core.data.pictures import refuse_large

SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
_IMPOSSIBLE = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ)  # a name that is too long, or of bytes that are none
MASK_SUFFIX = ".mask.png"  # cat.mask.png is no image, but says where in cat.jpg the target is


@dataclass(frozen=True)
class FolderShelf:
    """The image files in a folder and below; names are paths in it, with forward slashes."""

    where: Path

    def names(self) -> tuple[str, ...]:
        """Return the names of the image files directly in it, sorted."""
        return tuple(sorted(pictures_in(self.where)))

    def holds(self, name: str) -> bool:
        """Whether there is such a file, or a link of that name, be it a bad one.

        What the disk cannot hold is not there. MissingFileError if this user may not look.
        """
        file = self.where / name
        try:
            return file.is_file() or file.is_symlink()
        except OSError as error:
            if error.errno in _IMPOSSIBLE:
                return False
            raise unreadable(file, error) from error

    def read(self, name: str) -> bytes:
        """Return the bytes of a file; BrokenDataError for a link out of the folder, or if it is too large."""
        file = real_file(self.where, name)
        try:
            refuse_large(file.stat().st_size, name)
            return file.read_bytes()
        except OSError as error:
            raise unreadable(file, error) from error

    def stamp(self, name: str) -> tuple[int, ...]:
        """Return a file's size and time; those of the link itself where it leads nowhere."""
        state = _state(self.where / name)
        return state.st_size, state.st_mtime_ns


def is_picture(name: str) -> bool:
    """Whether a file name is that of an image: by its suffix, not hidden, and not that of a mask."""
    suffix = PurePath(name).suffix.lower()
    return suffix in SUFFIXES and not name.startswith(".") and not is_mask(name)


def is_mask(name: str) -> bool:
    """Whether a file name is that of a mask."""
    return name.lower().endswith(MASK_SUFFIX)


def pictures_in(folder: Path) -> Iterator[str]:
    """Yield the names of the image files directly in a folder, in no order; BrokenDataError for one not in UTF-8."""
    found = (entry.name for entry in entries(folder) if is_picture(entry.name) and is_file_or_link(entry))
    return readable_names(found, folder)


def folders_in(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, sorted, but for hidden ones."""
    found = (entry.name for entry in entries(folder) if is_folder(entry) and not entry.name.startswith("."))
    return sorted(readable_names(found, folder))


def _state(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        if path.is_symlink():
            return path.lstat()
        raise unreadable(path, error) from error
