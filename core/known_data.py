"""The data that a store knows of: the generated scenes, what runs used, what was added, and what was looked at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock

from core.data.source import SCENES
from core.errors import StorageError
from core.paths import writable

_FILE = "data.json"


@dataclass(frozen=True)
class KnownData:
    """One source by the text that names it, as `open_source` takes it."""

    text: str
    added: bool  # by hand, so that it can be taken from the list
    runs: int  # that were made on it


@dataclass(frozen=True)
class _List:
    added: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()  # keys of mappings that somebody looked at


def known_data(folder: Path, runs: Iterable[str]) -> tuple[KnownData, ...]:
    """Return the scenes, then what was added, the latest first, then what else the `runs` of a store were made on.

    `folder` is the store's, `runs` has the data of each run.
    """
    used = list(runs)
    added = _read(folder).added
    texts = dict.fromkeys((SCENES, *reversed(added), *reversed(used)))
    return tuple(KnownData(text, text in added, used.count(text)) for text in texts)


def add_data(folder: Path, text: str) -> None:
    """Put a source on the list, or to its front; StorageError if the list cannot be written."""
    _change(folder, lambda known: replace(known, added=(*_without(known.added, text), text)))


def remove_data(folder: Path, text: str) -> None:
    """Take a source from the list: its files stay where they are; StorageError if the list cannot be written."""
    _change(folder, lambda known: replace(known, added=_without(known.added, text)))


def is_confirmed(folder: Path, network_key: str, identity: str) -> bool:
    """Whether somebody looked at images of these data and found their classes to be those of the network."""
    return _key(network_key, identity) in _read(folder).confirmed


def confirm(folder: Path, network_key: str, identity: str) -> None:
    """Note that the classes of these data are those of the network; `identity` is the source's."""
    key = _key(network_key, identity)
    _change(folder, lambda known: replace(known, confirmed=(*_without(known.confirmed, key), key)))


def _key(network_key: str, identity: str) -> str:
    return hashlib.sha256(f"{network_key} {identity}".encode()).hexdigest()[:24]


def _without(texts: tuple[str, ...], text: str) -> tuple[str, ...]:
    return tuple(one for one in texts if one != text)


def _read(folder: Path) -> _List:
    """Return what the file says; nothing if there is none or it is damaged: it is a convenience, not a result."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        values = json.loads((folder / _FILE).read_bytes())
        return _List(*(tuple(map(str, values[name])) for name in ("added", "confirmed")))
    return _List()


def _change(folder: Path, how: Callable[[_List], _List]) -> None:
    """Bring the file up to date, whole or not at all, one process after the other."""
    file = writable(folder) / _FILE
    try:
        with FileLock(file.with_suffix(".lock")):
            fresh = file.with_suffix(".new")
            fresh.write_text(json.dumps(asdict(how(_read(folder)))), encoding="utf-8")
            fresh.replace(file)
    except OSError as error:
        raise StorageError(
            f"{file} cannot be written ({error.strerror or error})",
            "a folder this user may write to, on a disk with space",
            "free some space, or change the permissions",
        ) from error
