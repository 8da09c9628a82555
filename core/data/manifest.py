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

from core.data.packed import DIGEST_BYTES, DOUBTED, MANIFEST, Pack, Skipped, row_bytes
from core.data.preset import Preset

DIGESTS = "rows.sha256"  # n x 32 bytes; the hashes of chunks in the manifest vouch for it
FORMAT = 1

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
    replace_file(pack.folder / MANIFEST, json.dumps(body | {"check": _check(body)}).encode())


def save_rows(pack: Pack) -> None:
    """Force the pixels of a pack to the disk, and write the hashes of its rows."""
    _to_disk(pack.file)
    replace_file(pack.folder / DIGESTS, pack.digests)


def load_manifest(folder: Path) -> Pack | None:
    """Return the finished pack in a folder; None if there is none, or if it is damaged as far as its files tell.

    Its pixels are not read: each row is checked when it is.
    """
    with suppress(OSError):
        found, digests = _load(folder / MANIFEST), (folder / DIGESTS).read_bytes()
        if found is not None and _vouched(digests, found[1]):
            pack = replace(found[0], digests=digests)
            if pack.file.stat().st_size == len(pack) * row_bytes(pack.preset):
                return pack
    return None


def load_doubted(folder: Path) -> tuple[Pack, Chunks] | None:
    """Return what a folder's finished pack was, be it damaged, and the hashes of its chunks; None if nothing says it.

    The hashes of its rows are not known.
    """
    return _load(folder / MANIFEST) or _load(folder / DOUBTED)


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
    with suppress(OSError, ValueError, KeyError, TypeError):
        body: dict[str, Any] = json.loads(file.read_bytes())
        if body.pop("check") == _check(body) and body["format"] == FORMAT:
            return _pack(file.parent, body), tuple((int(rows), str(found)) for rows, found in body["chunks"])
    return None


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
        preset=Preset(**body["preset"]),
        classes=tuple(body["classes"]),
        labels=np.array(body["labels"], dtype=np.int64),
        ids=tuple(body["ids"]),
        indices=np.delete(images, [one.index for one in skipped]),
        skipped=skipped,
        fingerprint=body["fingerprint"],
        digests=b"",
    )


def _check(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
