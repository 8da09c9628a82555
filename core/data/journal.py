"""A pack in the making: pixels and a journal that grow chunk by chunk, so that any interruption loses one chunk."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from core.data.decode import Chunk
from core.data.packed import PIXELS, row_digests

JOURNAL = "journal.jsonl"


@dataclass(frozen=True)
class Entry:
    """What the journal says of one chunk: images of the source before `stop` and from the previous entry's on."""

    stop: int
    digests: tuple[str, ...]  # of the rows it added
    skipped: tuple[tuple[int, str], ...]  # (index, reason)


def append(folder: Path, chunk: Chunk) -> Entry:
    """Add a chunk: its rows first, then the line that vouches for them, forced to the disk."""
    entry = Entry(chunk.span.stop, chunk.digests, chunk.skipped)
    _append(folder / PIXELS, chunk.rows.data)
    _append(folder / JOURNAL, json.dumps(asdict(entry)).encode() + b"\n")
    return entry


def resume(folder: Path, size: int, told: Callable[[int], None]) -> list[Entry]:
    """Return the entries whose rows, of `size` bytes, are all on the disk, checked by hash; cut off what follows.

    `told` hears after each entry how many images of the source are checked, and may raise: nothing is cut off then.
    """
    pixels, journal = folder / PIXELS, folder / JOURNAL
    for file in (pixels, journal):
        file.touch()
    sound = []
    for entry, length in _sound(pixels, _lines(journal), size):
        sound.append((entry, length))
        told(entry.stop)
    os.truncate(pixels, sum(len(entry.digests) for entry, _ in sound) * size)
    os.truncate(journal, sum(length for _, length in sound))
    return [entry for entry, _ in sound]


def _append(file: Path, data: bytes | memoryview) -> None:
    with file.open("ab") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _lines(journal: Path) -> Iterator[tuple[Entry, int]]:
    """Yield each entry with its length in bytes, up to the first line that was not written whole."""
    with journal.open("rb") as file:
        for line in file:
            entry = _entry(line)
            if entry is None:
                return
            yield entry, len(line)


def _entry(line: bytes) -> Entry | None:
    try:
        said: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {}
        skipped = tuple((int(index), str(reason)) for index, reason in said["skipped"])
        return Entry(int(said["stop"]), tuple(said["digests"]), skipped)
    except (ValueError, KeyError, TypeError):
        return None


def _sound(pixels: Path, entries: Iterator[tuple[Entry, int]], size: int) -> Iterator[tuple[Entry, int]]:
    """Yield the entries up to the first whose rows are not what it says."""
    with pixels.open("rb") as file:
        rows = row_digests(file, size)
        for entry, length in entries:
            if tuple(islice(rows, len(entry.digests))) != entry.digests:
                return
            yield entry, length
