"""What a finished pack says of itself, and the hash of each of its rows: written once, whole, checked when read."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.data.packed import DIGEST_BYTES, DOUBTED, MANIFEST, Pack, Skipped
from core.data.preset import Preset

DIGESTS = "rows.sha256"  # n x 32 bytes; the hashes of chunks in the manifest vouch for it
FORMAT = 1

# what reading a file as JSON of a known shape raises if it is of another
MALFORMED = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
_LARGEST = 2**16  # pixels of a side

Chunks = tuple[tuple[int, str], ...]  # (rows, hash of their hashes)


def save_manifest(pack: Pack, chunks: Chunks) -> None:
    """Declare a pack finished: its pixels are on the disk before its manifest appears, and that appears at once."""
    save_rows(pack)
    body = {
        "format": FORMAT,
        "source": pack.source,
        "title": pack.title,
        "preset": asdict(pack.preset),
        "classes": pack.classes,
        "labels": pack.labels.tolist(),
        "ids": pack.ids,
        "skipped": [[one.index, one.id, one.reason] for one in pack.skipped],
        "chunks": chunks,
        "fingerprint": pack.fingerprint,
    }
    replace_file(pack.folder / MANIFEST, json.dumps(body | {"check": check_of(body)}).encode())


def save_rows(pack: Pack) -> None:
    """Force the pixels of a pack to the disk, and write the hashes of its rows."""
    _to_disk(pack.file)
    replace_file(pack.folder / DIGESTS, pack.digests)


def load_manifest(folder: Path) -> Pack | None:
    """Return the finished pack in a folder; None if there is none, or if it is damaged as far as its files tell.

    Its pixels are not read: each row is checked when it is.
    """
    found = _load(folder / MANIFEST)
    digests = None if found is None else load_rows(folder, found[1])
    if found is None or digests is None:
        return None
    pack = replace(found[0], digests=digests)
    with suppress(OSError):
        if pack.file.stat().st_size == pack.bytes:
            return pack
    return None


def load_doubted(folder: Path) -> tuple[Pack, Chunks] | None:
    """Return what the manifest in a folder says of its pack, and the hashes of its chunks; None if none is sound.

    The pack may be whole, in doubt or damaged: of its other files none is looked at. Its `digests` are empty, so that
    no image can be read from it.
    """
    return _load(folder / MANIFEST) or _load(folder / DOUBTED)


def load_rows(folder: Path, chunks: Chunks) -> bytes | None:
    """Return the hashes of the rows of a pack; None if they are not those that the hashes of its chunks stand for."""
    with suppress(OSError):
        digests = (folder / DIGESTS).read_bytes()
        return digests if _vouched(digests, chunks) else None
    return None


def preset_of(said: Any) -> Preset:
    """Return the preset of which a file says the fields; raises one of `MALFORMED` if they are none."""
    sides = [said["crop"], *([] if said["resize"] is None else [said["resize"]])]
    if not all(isinstance(side, int) and 0 < side <= _LARGEST for side in sides):
        raise ValueError(sides)
    return Preset(said["resize"], said["crop"])


def trust(folder: Path) -> None:
    """Let a pack be used again that was in doubt."""
    with suppress(FileNotFoundError):
        (folder / DOUBTED).replace(folder / MANIFEST)


def chunk_hash(digests: bytes) -> str:
    """Return the hash that stands for the rows of these hashes."""
    return hashlib.sha256(digests.hex().encode()).hexdigest()


def replace_file(file: Path, content: bytes) -> None:
    """Write a file at once, and so that it is on the disk."""
    fresh = file.with_suffix(".new")
    fresh.write_bytes(content)
    _to_disk(fresh)
    fresh.replace(file)
    with suppress(OSError):  # not every system lets a folder be opened; the rename is whole in any case
        _to_disk(file.parent)


def _load(file: Path) -> tuple[Pack, Chunks] | None:
    with suppress(OSError, *MALFORMED):
        body: dict[str, Any] = json.loads(file.read_bytes())
        if body.pop("check") == check_of(body) and body["format"] == FORMAT:
            chunks = tuple((int(rows), str(found)) for rows, found in body["chunks"])
            return _sensible(_pack(file.parent, body), chunks), chunks
    return None


def _sensible(pack: Pack, chunks: Chunks) -> Pack:
    """Return the pack; ValueError if its numbers contradict each other."""
    rows, labels = [count for count, _ in chunks], pack.labels
    if labels.shape != (len(pack),) or len(pack.indices) != len(pack) or sum(rows) != len(pack) or min(rows) < 1:
        raise ValueError(len(pack))
    if labels.min() < 0 or labels.max() >= len(pack.classes) or any(one.index < 0 for one in pack.skipped):
        raise ValueError(len(pack.classes))
    return pack


def _vouched(digests: bytes, chunks: Chunks) -> bool:
    """Whether the hashes of rows are those that the manifest's hashes of chunks stand for."""
    start = 0
    for rows, expected in chunks:
        stop = start + rows * DIGEST_BYTES
        if chunk_hash(digests[start:stop]) != expected:
            return False
        start = stop
    return start == len(digests)


def _pack(folder: Path, body: dict[str, Any]) -> Pack:
    skipped = tuple(Skipped(*one) for one in body["skipped"])
    images = np.arange(len(body["ids"]) + len(skipped), dtype=np.int64)
    return Pack(
        folder=folder,
        source=body["source"],
        title=body["title"],
        preset=preset_of(body["preset"]),
        classes=tuple(body["classes"]),
        labels=np.array(body["labels"], dtype=np.int64),
        ids=tuple(body["ids"]),
        indices=np.delete(images, [one.index for one in skipped]),
        skipped=skipped,
        fingerprint=body["fingerprint"],
        digests=b"",
    )


def check_of(body: dict[str, Any]) -> str:
    """Return the hash by which something written as JSON vouches for itself."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
