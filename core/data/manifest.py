"""What a finished pack says of itself: written once, whole, and checked when read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from core.data.packed import Pack, Skipped, row_bytes
from core.data.preset import Preset

MANIFEST = "manifest.json"
FORMAT = 1

Chunks = tuple[tuple[int, str], ...]  # (rows, hash of their hashes)


def save_manifest(pack: Pack, chunks: Chunks) -> None:
    """Declare a pack finished: its pixels are on the disk before its manifest appears, and that appears at once."""
    _to_disk(pack.file)
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
    _replace(pack.folder / MANIFEST, json.dumps(body | {"check": _check(body)}))


def load_manifest(folder: Path) -> tuple[Pack, Chunks] | None:
    """Return the finished pack in a folder and the hashes of its chunks; None if there is none or it is damaged."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        body: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        if body.pop("check") == _check(body) and body["format"] == FORMAT:
            pack = _pack(folder, body)
            if pack.file.stat().st_size == len(pack) * row_bytes(pack.preset):
                return pack, tuple((int(rows), str(found)) for rows, found in body["chunks"])
    return None


def chunk_hash(digests: Iterable[str]) -> str:
    """Return the hash that stands for the rows of these hashes."""
    return hashlib.sha256("".join(digests).encode()).hexdigest()


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
    )


def _check(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _replace(file: Path, text: str) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    _to_disk(fresh)
    fresh.replace(file)
    with suppress(OSError):  # not every system lets a folder be opened; the rename is whole in any case
        _to_disk(file.parent)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
