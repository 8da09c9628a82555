"""Embeddings are computed once an image: kept in small files, each named by the hash of what is in it."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.packed import Pack
from core.errors import StorageError
from core.interpretability.encoders.encoder import Encoder
from core.paths import writable
from core.progress import Progress, silent

BATCH = 32  # images embedded together and kept in one file: what an interruption can lose
WHAT = "embedding images"

Rows = NDArray[np.float32]


def embed_pack(
    encoder: Encoder, pack: Pack, places: NDArray[np.integer[Any]], folder: Path, progress: Progress = silent
) -> Rows:
    """Return the embeddings (n, d) of the images at `places` of a pack, in that order.

    Those that lie under `folder` already, of this encoder and pack, are not computed again. `progress` hears of each
    batch and may raise to cancel: what is done is kept. Raises BrokenDataError as `Encoder.embed`, StorageError.
    """
    own = writable(folder / f"{encoder.name}-{encoder.sha256[:16]}-{pack.fingerprint[:16]}")
    known = dict(_kept(own))
    wanted = list(dict.fromkeys(places.tolist()))
    missing = [place for place in wanted if place not in known]
    for start in range(0, len(missing), BATCH):
        progress(len(wanted) - len(missing) + start, len(wanted), WHAT)
        batch = missing[start : start + BATCH]
        rows = encoder.embed(pack.batch(batch))
        _keep(own, batch, rows)
        known.update(zip(batch, rows, strict=True))
    progress(len(wanted), len(wanted), WHAT)
    return np.stack([known[place] for place in places.tolist()])


def _kept(folder: Path) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield what the files of a folder hold, by place; one that is not what its name says is deleted."""
    for file in sorted(folder.glob("*.npy")):
        content = file.read_bytes()
        if _digest(content) == file.stem:
            yield from _unpacked(content)
        else:
            file.unlink(missing_ok=True)


def _unpacked(content: bytes) -> Iterator[tuple[int, NDArray[np.float32]]]:
    table = np.load(io.BytesIO(content), allow_pickle=False)
    return zip(table["place"].tolist(), table["embedding"], strict=True)


def _keep(folder: Path, places: list[int], rows: Rows) -> None:
    """Write a file that is there whole or not at all."""
    table = np.zeros(len(places), [("place", "<i8"), ("embedding", "<f4", rows.shape[1:])])
    table["place"], table["embedding"] = places, rows
    stream = io.BytesIO()
    np.save(stream, table)
    content = stream.getvalue()
    part = folder / f"{_digest(content)}.part{os.getpid()}"
    try:
        part.write_bytes(content)
        part.replace(part.with_suffix(".npy"))
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StorageError(
            f"embeddings cannot be written to {folder} ({error.strerror})",
            "a folder with space that this user may write to",
            "make room or change its permissions; what is embedded is kept",
        ) from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
