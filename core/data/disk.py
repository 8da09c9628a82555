"""What the disk gives, and the error where it gives nothing."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import MissingFileError


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what lies in a folder; MissingFileError if it cannot be listed."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError as error:
        raise unreadable(folder, error) from error


def unreadable(path: Path, error: OSError) -> MissingFileError:
    """Return the error of a file or folder that the disk does not give."""
    return MissingFileError(
        f"{path} cannot be read ({error.strerror or error})",
        "files and folders that this user may read",
        "check that the disk is there and the permissions are right, then try again",
    )
