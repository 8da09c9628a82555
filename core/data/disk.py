"""What the disk gives, and the errors where it gives nothing or something that is not to be touched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from core.errors import BrokenDataError, MissingFileError


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what lies in a folder; MissingFileError if it cannot be listed."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError as error:
        raise unreadable(folder, error) from error


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder, or a link to one; a link in a circle is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def is_file_or_link(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file, or a link to anything but a folder: one that leads nowhere is told when it is read."""
    return (entry.is_symlink() and not is_folder(entry)) or entry.is_file(follow_symlinks=False)


def readable_names(names: Iterator[str], folder: Path) -> Iterator[str]:
    """Yield the names in a folder; BrokenDataError for one that is no UTF-8: it could not be shown, nor stored."""
    for name in names:
        require_utf8(name, folder)
        yield name


def require_utf8(name: str, where: Path) -> None:
    """Raise BrokenDataError for a name that is no UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise BrokenDataError(
            f"{where} holds {os.fsencode(name)!r}, a name that is not UTF-8", "names in UTF-8", "rename it"
        ) from error


def real_file(folder: Path, name: str) -> Path:
    """Return the file of that name in a folder, links followed.

    BrokenDataError for a link that leads out of the folder, nowhere or in a circle: what lies elsewhere was not given.
    """
    file = folder / name
    if not _has_links(folder, name):
        return file
    real = Path(os.path.realpath(file))
    if not real.is_relative_to(os.path.realpath(folder)):
        raise _bad_link(file, f"to {real}, out of {folder}")
    if file.is_symlink() and not real.is_file():
        raise _bad_link(file, "to no file")
    return real


def unreadable(path: Path, error: OSError) -> MissingFileError:
    """Return the error of a file or folder that the disk does not give."""
    return MissingFileError(
        f"{path} cannot be read ({error.strerror or error})",
        "files and folders that this user may read",
        "check that the disk is there and the permissions are right, then try again",
    )


def _has_links(folder: Path, name: str) -> bool:
    """Whether a part of a name may lead elsewhere: a link, a step upwards, or the root."""
    parts = name.split("/")
    if "" in parts or ".." in parts:
        return True
    return any(folder.joinpath(*parts[: depth + 1]).is_symlink() for depth in range(len(parts)))


def _bad_link(file: Path, leads: str) -> BrokenDataError:
    return BrokenDataError(
        f"{file} is a link {leads}",
        "files, and links to files in the same folder",
        "copy the file there in place of the link, or name the folder that it lies in",
    )
