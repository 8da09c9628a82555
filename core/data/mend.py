"""A damaged pack is brought back to what was packed: only what is damaged is decoded anew."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from core.data.decode import Chunk, decode
from core.data.manifest import Chunks, chunk_hash, load_doubted, load_rows, save_rows, trust
from core.data.packed import DIGEST_BYTES, DamagedPackError, Pack, row_bytes
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


def mend(source: Source, folder: Path, progress: Progress, cancelled: Cancelled) -> bool:
    """Make the finished pack in a folder whole again and return True; False if nothing says what it was.

    All of it is read and checked. What does not hold its hash is decoded again, row by row, or whole chunks where the
    hashes of rows are damaged too, and written in place only if it comes to what was packed: other pixels would be
    other data, without all that was measured on these. Interrupted at any point it stays in doubt, and the next time
    mends it. Raises DamagedPackError for what the source does not give any more, after the rest is mended;
    CancelledError; and OSError if the disk does not take it.
    """
    known = load_doubted(folder)
    if known is None:
        return False
    (pack, chunks), rows = known, load_rows(folder, known[1])
    _bring_to_size(pack)
    found = dict(_checked(pack, _parts(chunks), progress, cancelled))
    damaged = [
        piece
        for part, digests in found.items()
        if chunk_hash(digests) != part.expected
        for piece in ([part] if rows is None else _damaged_rows(part, digests, rows))
    ]
    found |= _mended(source, pack, damaged, progress, cancelled)
    save_rows(replace(pack, digests=b"".join(found.values()) if rows is None else rows))
    trust(folder)
    if damaged:
        _log.warning("%s: %s were damaged and are packed anew", source.title, _images(damaged))
    return True


def _mended(
    source: Source, pack: Pack, damaged: list[_Part], progress: Progress, cancelled: Cancelled
) -> dict[_Part, bytes]:
    """Write what is damaged anew and return the hashes of its rows; DamagedPackError if some cannot be."""
    written: dict[_Part, bytes] = {}
    lost = []
    for part, chunk in zip(damaged, _decoded(source, pack, damaged), strict=True):
        digests = bytes.fromhex("".join(chunk.digests))
        if chunk_hash(digests) == part.expected:
            chunk.write(pack.file)  # readers that meet a row half written find that it does not hold its hash
            written[part] = digests
        else:
            lost.append((part, chunk))
        _tell(part, f"mending {source.title}", pack, progress, cancelled)
    if lost:
        raise _not_given_again(source, pack, *lost[0], sum(len(part.rows) for part, _ in lost))
    return written


def _parts(chunks: Chunks) -> list[_Part]:
    stops = accumulate(rows for rows, _ in chunks)
    return [_Part(range(stop - rows, stop), expected) for (rows, expected), stop in zip(chunks, stops, strict=True)]


def _bring_to_size(pack: Pack) -> None:
    """Cut the file of pixels, or make it longer, to what it was; what then is wrong in it shows when it is checked."""
    with pack.file.open("ab") as file:
        file.truncate(pack.bytes)


def _checked(pack: Pack, parts: list[_Part], progress: Progress, cancelled: Cancelled) -> Iterator[tuple[_Part, bytes]]:
    """Yield each part with the hashes that its rows have now, those of a part that cannot be read left out."""
    for part in parts:
        yield part, _digests(pack, part)
        _tell(part, f"checking {pack.title}", pack, progress, cancelled)


def _digests(pack: Pack, part: _Part) -> bytes:
    size = row_bytes(pack.preset)
    try:
        with pack.file.open("rb") as file:
            return b"".join(_digest(file, int(pack.indices[place]) * size, size) for place in part.rows)
    except OSError:  # a bad sector, say: writing it anew may mend that too
        return b""


def _digest(pixels: BinaryIO, offset: int, size: int) -> bytes:
    pixels.seek(offset)
    return hashlib.sha256(pixels.read(size)).digest()


def _damaged_rows(part: _Part, digests: bytes, rows: bytes) -> Iterator[_Part]:
    """Yield the rows of a part whose hashes are not those in `rows`, which are of the whole pack, each as a part."""
    for offset, place in enumerate(part.rows):
        expected = rows[place * DIGEST_BYTES : (place + 1) * DIGEST_BYTES]
        if digests[offset * DIGEST_BYTES : (offset + 1) * DIGEST_BYTES] != expected:
            yield _Part(range(place, place + 1), chunk_hash(expected))


def _decoded(source: Source, pack: Pack, parts: list[_Part]) -> Iterator[Chunk]:
    spans = [range(int(pack.indices[one.rows[0]]), int(pack.indices[one.rows[-1]]) + 1) for one in parts]
    return map_where_it_pays(partial(decode, source, pack.preset), spans)


def _tell(part: _Part, what: str, pack: Pack, progress: Progress, cancelled: Cancelled) -> None:
    progress(part.rows.stop, len(pack), what)
    if cancelled():
        raise CancelledError(f"{what} was stopped", mend="pack again to go on")


def _images(parts: list[_Part]) -> str:
    return count(sum(len(part.rows) for part in parts), "image")


def _not_given_again(source: Source, pack: Pack, part: _Part, chunk: Chunk, images: int) -> DamagedPackError:
    """Return the error for rows that cannot be made again, of which the first are those of `part`."""
    missing = [(index, why) for index, why in chunk.skipped if index in pack.indices]
    index, why = (missing or [(int(pack.indices[part.rows.start]), "its pixels are others now")])[0]
    name = source.ids[index]
    return DamagedPackError(
        f"the packed pixels of {count(images, 'image')} of {source.title} are damaged, and {name} does not give them "
        f"again ({why}); the others stay as they are",
        "the images as they were packed",
        f"put {name} back as it was and try again; or delete the pack (the page Data, or `python -m core packs "
        f"--delete {pack.folder.name}`): it is then made of the images as they are now, which are others to what was "
        "measured",
    )
