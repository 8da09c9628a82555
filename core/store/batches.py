"""What was measured image by image: kept batch by batch, never changed once written."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from typing import Any

import numpy as np

from core.store.database import Store

Table = np.ndarray[Any, np.dtype[Any]]  # a row an image, in the order of evaluation


def append(db: sqlite3.Connection, run_id: str, kind: str, start: int, rows: Table, seconds: float) -> None:
    """Write the batch of a kind that begins at place `start` of the order, within the transaction `db`.

    One that is there already stays: another process measured the same meanwhile.
    """
    payload = rows.tobytes()
    db.execute(
        "INSERT OR IGNORE INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)",
        (run_id, kind, start, len(rows), seconds, payload, hashlib.sha256(payload).hexdigest()),
    )


def forget(db: sqlite3.Connection, run_id: str, kind: str) -> None:
    """Forget all batches of a kind, within the transaction `db`: what takes their place is not a continuation."""
    db.execute("DELETE FROM batches WHERE run_id = ? AND kind = ?", (run_id, kind))


def load(
    store: Store, run_id: str, kind: str, dtype: np.dtype[Any], images: int | None = None, *, start: int = 0
) -> Table:
    """Return what was measured of a kind from place `start` on, as far as it goes without a gap (at most `images`).

    Each batch is checked against its hash and its number of rows; one that is damaged, or of another layout, and all
    after it are set aside, to be computed again.
    """
    query = "SELECT * FROM batches WHERE run_id = ? AND kind = ? AND start + count > ? AND start < ? ORDER BY start"
    stop = 2**62 if images is None else start + images
    with store.reading() as db:
        rows = db.execute(query, (run_id, kind, start, stop)).fetchall()
    parts, reached = [], rows[0]["start"] if rows and rows[0]["start"] < start else start
    first = start - reached
    for row in rows:
        if row["start"] != reached or not _is_sound(row, dtype):
            _set_aside(store, run_id, kind, min(reached, row["start"]))
            break
        parts.append(np.frombuffer(row["payload"], dtype))
        reached += row["count"]
    return np.concatenate([np.zeros(0, dtype), *parts])[first:][:images]


def images_per_second(store: Store, run_id: str, kind: str) -> float | None:
    """Return the median rate over the batches of a kind; None if there are none."""
    query = "SELECT count / seconds FROM batches WHERE run_id = ? AND kind = ? AND seconds > 0"
    with store.reading() as db:
        rows = db.execute(query, (run_id, kind)).fetchall()
    return float(np.median([row[0] for row in rows])) if rows else None


def _is_sound(row: sqlite3.Row, dtype: np.dtype[Any]) -> bool:
    payload: bytes = row["payload"]
    whole: bool = len(payload) == row["count"] * dtype.itemsize
    return whole and hashlib.sha256(payload).hexdigest() == str(row["sha256"])


def _set_aside(store: Store, run_id: str, kind: str, start: int) -> None:
    which = (run_id, kind, start)
    with store.writing() as db:
        db.execute(
            """INSERT INTO damaged SELECT run_id, kind, start, payload, sha256, ? FROM batches
            WHERE run_id = ? AND kind = ? AND start >= ?""",
            (time.time(), *which),
        )
        db.execute("DELETE FROM batches WHERE run_id = ? AND kind = ? AND start >= ?", which)
