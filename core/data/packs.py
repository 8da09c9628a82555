"""All packs of a cache: whole, begun, damaged, of whatever source. Nothing of their sources is read."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.data.journal import gone_through
from core.data.manifest import DIGESTS, MALFORMED, load_doubted, preset_of, replace_file
from core.data.packed import DOUBTED, MANIFEST, Pack
from core.data.preset import Preset
from core.data.protocol import Source
from core.errors import InvalidSettingError, StorageError

ASIDE = ".damaged"  # ends the name of a pack of which nothing says any more what it was, and that was made anew
WHOLE, BEGUN, DOUBTFUL, SET_ASIDE = "whole", "begun", "doubtful", "set aside"

_ABOUT = "about.json"
_MOST = 2**40  # images that a source may be said to have


@dataclass(frozen=True)
class KeptPack:
    """A pack on the disk, by what lies in its folder."""

    folder: Path
    state: str  # whole; begun; doubtful, to be checked and mended at its next use; set aside, of no use any more
    source: str  # what `open_source` was given; empty where nothing says it
    title: str
    preset: str  # its name
    images: int  # that are packed; of one that is begun, those gone through
    of: int  # images that the source has
    bytes: int  # on the disk
    made: float  # seconds since 1970: when it was last written to
    used: float  # when it was last opened to measure on it

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.folder.name


def packs_folder(cache: Path) -> Path:
    """Return the folder of all packs of a cache."""
    return cache / "packs"


def kept_packs(cache: Path) -> tuple[KeptPack, ...]:
    """Return all packs of a cache, the last used first."""
    where = packs_folder(cache)
    found = (_kept(folder) for folder in where.iterdir() if folder.is_dir()) if where.is_dir() else ()
    return tuple(sorted(filter(None, found), key=lambda one: one.used, reverse=True))


def note_source(source: Source, preset: Preset, folder: Path) -> None:
    """Note in the folder of a pack that is begun of what it is one."""
    about = {"source": source.name, "title": source.title, "images": len(source), "preset": asdict(preset)}
    replace_file(folder / _ABOUT, json.dumps(about).encode())


def note_use(folder: Path) -> None:
    """Note that a pack is used now; nothing is noted in a cache that cannot be written."""
    with suppress(OSError):
        os.utime(folder / _ABOUT)


def lock_of(folder: Path) -> FileLock:
    """Return the lock that is held while a pack is made; the system lets go of it when its holder ends."""
    return FileLock(folder.with_suffix(".lock"))


def delete_pack(pack: Pack | KeptPack) -> None:
    """Delete a pack, whose source stays as it is.

    Raises InvalidSettingError while it is being made, StorageError if it cannot be deleted.
    """
    try:
        with lock_of(pack.folder).acquire(blocking=False):
            (pack.folder / MANIFEST).unlink(missing_ok=True)  # first: without it nothing of the rest counts
            shutil.rmtree(pack.folder)
    except Timeout as error:
        raise InvalidSettingError(
            f"{pack.title} is being packed", "a pack that nobody is making", "cancel that, or wait until it is done"
        ) from error
    except OSError as error:
        raise StorageError(
            f"{pack.folder} cannot be deleted ({error.strerror})",
            "a folder that this user may delete",
            "change its permissions, or delete it by hand",
        ) from error


def _kept(folder: Path) -> KeptPack | None:
    """Return what lies in a folder; None if it is deleted while one looks."""
    with suppress(FileNotFoundError):
        files = {file.name: file.stat() for file in folder.iterdir()}
        known = _known(folder, tuple(_stamp(files.get(name)) for name in (MANIFEST, DOUBTED)))
        about = _about(folder) or known
        preset: Preset | None = about.get("preset")
        of = about.get("images", 0)
        made = max((state.st_mtime for name, state in files.items() if name != _ABOUT), default=folder.stat().st_mtime)
        return KeptPack(
            folder=folder,
            state=_state(folder.name, files, known),
            source=about.get("source", ""),
            title=about.get("title", folder.name),
            preset=preset.name if preset else "",
            images=known["packed"] if known else gone_through(folder, of) if of else 0,
            of=of,
            bytes=sum(state.st_size for state in files.values()),
            made=made,
            used=max(made, files[_ABOUT].st_mtime) if _ABOUT in files else made,
        )
    return None


@lru_cache(maxsize=64)
def _known(folder: Path, stamps: tuple[tuple[int, ...] | None, ...]) -> dict[str, Any]:
    """Return what the manifest in a folder says, nothing if none is sound; read once, until its file is another."""
    known = load_doubted(folder) if any(stamps) else None
    if known is None:
        return {}
    pack, images = known[0], len(known[0]) + len(known[0].skipped)
    return {"source": pack.source, "title": pack.title, "images": images, "preset": pack.preset, "packed": len(pack)}


def _stamp(state: os.stat_result | None) -> tuple[int, ...] | None:
    return None if state is None else (state.st_size, state.st_mtime_ns, state.st_ctime_ns)


def _state(name: str, files: dict[str, os.stat_result], known: dict[str, Any]) -> str:
    if name.endswith(ASIDE):
        return SET_ASIDE
    if known and {MANIFEST, DIGESTS} <= files.keys():
        return WHOLE
    return DOUBTFUL if {MANIFEST, DOUBTED} & files.keys() else BEGUN


def _about(folder: Path) -> dict[str, Any]:
    """Return what was noted of a pack when it was begun; empty if that cannot be read."""
    with suppress(OSError, *MALFORMED):
        return _noted(json.loads((folder / _ABOUT).read_bytes()))
    return {}


def _noted(about: Any) -> dict[str, Any]:
    """Return what a note says; raises one of `MALFORMED` if that makes no sense."""
    words = {name: str(about[name]) for name in ("source", "title")}
    images = about["images"]
    for word in words.values():
        word.encode()  # which half a surrogate pair cannot be
    if not isinstance(images, int) or not 0 <= images < _MOST:
        raise ValueError(images)
    return {**words, "images": images, "preset": preset_of(about["preset"])}
