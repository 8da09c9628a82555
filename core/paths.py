"""Where things lie on disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from core.errors import InvalidSettingError, StorageError
from core.words import shortened

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "cache" / "demo"

_LONGEST = 120  # characters of a path that a message repeats


def cache_folder() -> Path:
    """Return the folder for everything computed: `PRUNESCOPE_CACHE`, or `cache/` in the project."""
    return Path(os.environ.get("PRUNESCOPE_CACHE", ROOT / "cache")).expanduser()


def user_path(text: str | Path) -> Path:
    """Return a path that a user wrote, `~` expanded, whether anything is there or not.

    InvalidSettingError if nothing can be there (a name too long, no such user), or this user may not look.
    """
    try:
        path = Path(text).expanduser()
        path.exists()
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidSettingError(
            f"{shortened(str(text), _LONGEST)!r} cannot be looked up ({reason})",
            "the path of a file that this user may read",
            "check the path",
        ) from error
    return path


def writable(folder: Path, *, chosen: bool = False) -> Path:
    """Create `folder` if need be and return it; StorageError if nothing can be written there.

    `chosen` says that the user named this very folder; otherwise it lies in the cache.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(folder, error.strerror, chosen) from error
    if not os.access(folder, os.W_OK):
        raise _not_writable(folder, "permission denied", chosen)
    return folder


def require_room(folder: Path, needed: int, what: str) -> None:
    """Raise StorageError if the disk of a folder has not so many bytes left for what is to be done."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StorageError(
            f"{what} takes {needed / 1e6:,.1f} MB more, and {folder} has {free / 1e6:,.1f} MB left",
            f"at least {needed / 1e6:,.1f} MB of free space",
            "make room (packs can be deleted: the page Data, or `python -m core packs --delete ID`), or set "
            "PRUNESCOPE_CACHE to a folder on a larger disk",
        )


def _not_writable(folder: Path, reason: str | None, chosen: bool) -> StorageError:
    return StorageError(
        f"the {'' if chosen else 'cache '}folder {folder} cannot be written ({reason})",
        "a folder this user may write to",
        f"{'choose' if chosen else 'set PRUNESCOPE_CACHE to'} such a folder, or change the permissions",
    )
