"""A damaged pack is brought back to what was packed: only what is damaged is decoded anew."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from pathlib import Path

from core.data.decode import Chunk, decode
from core.data.manifest import Chunks, chunk_hash, load_doubted, save_rows, trust
from core.data.packed import Pack, row_bytes
from core.data.preset import Preset
from core.data.processes import map_where_it_pays
from core.data.protocol import Source
from core.errors import CancelledError
from core.progress import Cancelled, Progress
from core.words import count

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Part:
    """Some rows of a pack and the hash of their hashes."""

    rows: range
    expected: str


def mend(source: Source, preset: Preset, folder: Path, progress: Progress, cancelled: Cancelled) -> bool:
    """Make the finished pack in a folder whole again and return True; False if there is none, or if that cannot be.

    All of it is read and checked; of chunks that do not hold their hash the images are decoded again, and written in
    place only if they come to what was packed. Interrupted at any point it stays in doubt, and the next time mends it.
    Raises CancelledError, and OSError if the disk does not take it.
    """
    known = load_doubted(folder)
    if known is None:
        return False
    pack, parts = known[0], _parts(known[1])
    _bring_to_size(pack)
    found = dict(_checked(pack, parts, progress, cancelled))
    damaged = [part for part, digests in found.items() if chunk_hash(digests) != part.expected]
    for part, chunk in zip(damaged, _decoded(source, preset, pack, damaged), strict=True):
        found[part] = bytes.fromhex("".join(chunk.digests))
        if chunk_hash(found[part]) != part.expected:
            return False
        _write(pack, part, chunk)
        _tell(part, f"mending {source.title}", pack, progress, cancelled)
    save_rows(replace(pack, digests=b"".join(found.values())))
    trust(folder)
    if damaged:
        _log.warning("%s: %s were damaged and are packed anew", source.title, _images(damaged))
    return True


def _parts(chunks: Chunks) -> list[_Part]:
    stops = accumulate(rows for rows, _ in chunks)
    return [_Part(range(stop - rows, stop), expected) for (rows, expected), stop in zip(chunks, stops, strict=True)]


def _bring_to_size(pack: Pack) -> None:
    """Cut the file of pixels, or make it longer, to what it was; what then is wrong in it shows when it is checked."""
    with pack.file.open("ab") as file:
        file.truncate(len(pack) * row_bytes(pack.preset))


def _checked(pack: Pack, parts: list[_Part], progress: Progress, cancelled: Cancelled) -> Iterator[tuple[_Part, bytes]]:
    """Yield each part with the hashes that its rows have now, those of a part that cannot be read left out."""
    for part in parts:
        yield part, _digests(pack, part)
        _tell(part, f"checking {pack.title}", pack, progress, cancelled)


def _digests(pack: Pack, part: _Part) -> bytes:
    size = row_bytes(pack.preset)
    try:
        with pack.file.open("rb") as file:
            file.seek(part.rows.start * size)
            return b"".join(hashlib.sha256(file.read(size)).digest() for _ in part.rows)
    except OSError:  # a bad sector, say: writing it anew may mend that too
        return b""


def _decoded(source: Source, preset: Preset, pack: Pack, parts: list[_Part]) -> Iterator[Chunk]:
    spans = [range(int(pack.indices[one.rows[0]]), int(pack.indices[one.rows[-1]]) + 1) for one in parts]
    return map_where_it_pays(partial(decode, source, preset), spans)


def _write(pack: Pack, part: _Part, chunk: Chunk) -> None:
    """Readers that meet a row half written find that it does not hold its hash."""
    with pack.file.open("r+b") as file:
        file.seek(part.rows.start * row_bytes(pack.preset))
        file.write(chunk.rows.data)


def _tell(part: _Part, what: str, pack: Pack, progress: Progress, cancelled: Cancelled) -> None:
    progress(part.rows.stop, len(pack), what)
    if cancelled():
        raise CancelledError(f"{what} was stopped", mend="pack again to go on")


def _images(parts: list[_Part]) -> str:
    return count(sum(len(part.rows) for part in parts), "image")
