"""Uploaded checkpoints, kept in the cache as they came, so that worker processes can read them too."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import BrokenDataError, PrunescopeError, StorageError
from core.networks.about import NAMES
from core.networks.checkpoint import read_googlenet
from core.networks.conventions import class_names
from core.networks.files import MOST_BYTES
from core.paths import cache_folder, writable
from core.words import size


def keep_network(name: str, data: bytes, said: Mapping[str, Any] | None = None) -> Path:
    """Keep an uploaded checkpoint if it is a GoogLeNet and return its path, which `load_network` takes.

    `said` is what the user says of it, by `NAMES` of `core.networks.about`; it goes beside the file, in the place of
    what was said before. The same bytes are kept once. Raises what `read_googlenet` and `class_names` raise: nothing
    is kept then; StorageError if the disk does not take it.
    """
    if len(data) > MOST_BYTES:
        raise BrokenDataError(
            f"{name} holds {size(len(data))}", f"at most {size(MOST_BYTES)}", "save the weights alone"
        )
    folder = writable(_folder())
    try:
        with tempfile.TemporaryDirectory(prefix=".upload-", dir=folder) as made:
            file = Path(made) / _file_name(name)
            file.write_bytes(data)
            _say(file, said)
            _check(file, name)
            return _put(file, folder / hashlib.sha256(data).hexdigest()[:16])
    except OSError as error:
        raise StorageError(
            f"{name} cannot be kept in {folder} ({error.strerror or error})", "a folder with free space", "make room"
        ) from error


def kept_networks() -> tuple[Path, ...]:
    """Return the checkpoints that are kept, by name."""
    found = (file for file in _folder().glob("[!.]*/*") if file.suffix != ".json" and file.is_file())
    return tuple(sorted(found, key=lambda file: (file.name.lower(), file)))


def forget_network(path: Path) -> None:
    """Delete a kept checkpoint; what was measured of it stays. A file that is not kept is left alone."""
    if path in kept_networks():
        shutil.rmtree(path.parent, ignore_errors=True)


def _folder() -> Path:
    return cache_folder() / "networks"


def _check(file: Path, name: str) -> None:
    """Raise what is wrong with a checkpoint, in words that call it by the user's own name for it."""
    try:
        class_names(read_googlenet(file))
    except PrunescopeError as error:
        error.given = error.given.replace(str(file), name)
        raise


def _file_name(name: str) -> str:
    """Return a file's own name as it is safe on any disk."""
    own = re.sub(r"[^\w.-]+", "_", re.split(r"[/\\]", name)[-1]).strip("._")
    stem, dot, suffix = own.rpartition(".")
    known = suffix.lower() if dot and suffix.lower() != "json" and len(suffix) <= 12 else "pth"
    return f"{(stem if dot else own)[:80] or 'network'}.{known}"


def _say(file: Path, said: Mapping[str, Any] | None) -> None:
    values = {name: value for name, value in (said or {}).items() if name in NAMES and value is not None}
    if values:
        file.with_suffix(".json").write_text(json.dumps(values), encoding="utf-8")


def _put(file: Path, place: Path) -> Path:
    """Move a checked checkpoint, and what is said of it, to its place."""
    place.mkdir(exist_ok=True)
    there = next((one for one in place.iterdir() if one.suffix != ".json"), place / file.name)
    if not there.exists():
        file.replace(there)
    beside = file.with_suffix(".json")
    if beside.exists():
        beside.replace(there.with_suffix(".json"))
    return there
