"""A pack in the making: pixels and a journal that vouches for them chunk by chunk, so that little is ever lost.

Pixels are written to their places as they are decoded, by many processes; what the journal does not vouch for yet is
cut off after an interruption.

The journal stays when the pack is finished: should its manifest be damaged, that is made again out of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from core.data.decode import decode
from core.data.manifest import DIGESTS, MALFORMED, check_of, replace_file
from core.data.packed import DIGEST_BYTES, PIXELS, row_digests
from core.data.preset import Preset
from core.data.protocol import Source

JOURNAL = "journal.jsonl"
_TAIL = 2**16  # bytes: more than a line has


@dataclass(frozen=True)
class Entry:
    """What the journal says of one chunk: images of the source before `stop` and from the previous entry's on."""

    stop: int
    digests: tuple[str, ...]  # of the rows it added
    skipped: tuple[tuple[int, str], ...]  # (index, reason)

    @property
    def images(self) -> int:
        """How many images of the source it is about."""
        return len(self.digests) + len(self.skipped)


def write(source: Source, preset: Preset, folder: Path, span: range) -> Entry:
    """Decode the images `span` of a source into their places; return what the journal is to say of them."""
    chunk = decode(source, preset, span)
    chunk.write(folder / PIXELS)
    return Entry(span.stop, chunk.digests, chunk.skipped)


def vouch(folder: Path, entry: Entry) -> None:
    """Force the pixels to the disk, then the line that vouches for those of an entry.

    The pixels are let go of in memory: a pack may be larger than that, and the next ones are written to the same pages.
    """
    with (folder / PIXELS).open("rb") as pixels:
        os.fsync(pixels.fileno())
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(pixels.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with (folder / JOURNAL).open("ab") as journal:
        journal.write(_line(entry))
        journal.flush()
        os.fsync(journal.fileno())


def has_journal(folder: Path, images: int) -> bool:
    """Whether the journal of a pack of so many images is there, or can be made out of the hashes of its rows."""
    digests = folder / DIGESTS
    return (folder / JOURNAL).is_file() or (digests.is_file() and digests.stat().st_size == images * DIGEST_BYTES)


def gone_through(folder: Path, images: int) -> int:
    """Return how many images of a source of so many the journal speaks of by its last line, or could be made for."""
    with suppress(FileNotFoundError), (folder / JOURNAL).open("rb") as journal:
        journal.seek(max(0, os.fstat(journal.fileno()).st_size - _TAIL))
        return max((entry.stop for line in journal if (entry := _entry(line))), default=0)
    return images if has_journal(folder, images) else 0


def ensure_journal(folder: Path, spans: Sequence[range]) -> None:
    """Make the journal of a finished pack that has none, all of whose images could be decoded, in these chunks."""
    if not (folder / JOURNAL).is_file():
        digests = (folder / DIGESTS).read_bytes().hex()
        rows = [digests[start : start + 2 * DIGEST_BYTES] for start in range(0, len(digests), 2 * DIGEST_BYTES)]
        entries = (Entry(span.stop, tuple(rows[span.start : span.stop]), ()) for span in spans)
        replace_file(folder / JOURNAL, b"".join(map(_line, entries)))


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
    os.truncate(pixels, (sound[-1][0].stop if sound else 0) * size)
    os.truncate(journal, sum(length for _, length in sound))
    return [entry for entry, _ in sound]


def _lines(journal: Path) -> Iterator[tuple[Entry, int]]:
    """Yield each entry with its length in bytes, up to the first line that is not what was written."""
    with journal.open("rb") as file:
        for line in file:
            entry = _entry(line)
            if entry is None:
                return
            yield entry, len(line)


def _line(entry: Entry) -> bytes:
    body = asdict(entry)
    return json.dumps(body | {"check": check_of(body)}).encode() + b"\n"


def _entry(line: bytes) -> Entry | None:
    with suppress(*MALFORMED):
        said: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {}
        if said.pop("check") == check_of(said):
            skipped = tuple((int(index), str(reason)) for index, reason in said["skipped"])
            return Entry(int(said["stop"]), tuple(said["digests"]), skipped)
    return None


def _sound(pixels: Path, entries: Iterator[tuple[Entry, int]], size: int) -> Iterator[tuple[Entry, int]]:
    """Yield the entries up to the first whose rows are not what it says."""
    with pixels.open("rb") as file:
        rows = enumerate(row_digests(file, size))
        for entry, length in entries:
            absent = {index for index, _ in entry.skipped}
            found = tuple(digest for index, digest in islice(rows, entry.images) if index not in absent)
            if found != entry.digests:
                return
            yield entry, length
