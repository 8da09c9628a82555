"""Where things lie on disk."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import StorageError

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "cache" / "demo"


def cache_folder() -> Path:
    """Return the folder for everything computed: `PRUNESCOPE_CACHE`, or `cache/` in the project."""
    return Path(os.environ.get("PRUNESCOPE_CACHE", ROOT / "cache")).expanduser()


def writable(folder: Path) -> Path:
    """Create `folder` if need be and return it; StorageError if nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(folder, error) from error
    if not os.access(folder, os.W_OK):
        raise _not_writable(folder, None)
    return folder


def _not_writable(folder: Path, error: OSError | None) -> StorageError:
    reason = error.strerror if error else "permission denied"
    return StorageError(
        f"the cache folder {folder} cannot be written ({reason})",
        "a folder this user may write to",
        "set PRUNESCOPE_CACHE to such a folder, or change the permissions",
    )
