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
    """Write the batch of a kind that begins at place `start` of the order, within the transaction `db`."""
    payload = rows.tobytes()
    db.execute(
        "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)",
        (run_id, kind, start, len(rows), seconds, payload, hashlib.sha256(payload).hexdigest()),
    )


def load(store: Store, run_id: str, kind: str, dtype: np.dtype[Any], images: int | None = None) -> Table:
    """Return what was measured of a kind from the first image on, as far as it goes without a gap (at most `images`).

    Each batch is checked against its hash; a damaged one and all after it are set aside, to be computed again.
    """
    query = "SELECT * FROM batches WHERE run_id = ? AND kind = ? ORDER BY start"
    with store.reading() as db:
        rows = db.execute(query, (run_id, kind)).fetchall()
    parts, reached = [], 0
    for row in rows:
        if images is not None and reached >= images:
            break
        if row["start"] != reached or hashlib.sha256(row["payload"]).hexdigest() != row["sha256"]:
            _set_aside(store, run_id, kind, reached)
            break
        parts.append(np.frombuffer(row["payload"], dtype))
        reached += row["count"]
    return np.concatenate([np.zeros(0, dtype), *parts])[:images]


def images_per_second(store: Store, run_id: str, kind: str) -> float | None:
    """Return the median rate over the batches of a kind; None if there are none."""
    query = "SELECT count / seconds FROM batches WHERE run_id = ? AND kind = ? AND seconds > 0"
    with store.reading() as db:
        rows = db.execute(query, (run_id, kind)).fetchall()
    return float(np.median([row[0] for row in rows])) if rows else None


def _set_aside(store: Store, run_id: str, kind: str, start: int) -> None:
    which = (run_id, kind, start)
    with store.writing() as db:
        db.execute(
            """INSERT INTO damaged SELECT run_id, kind, start, payload, sha256, ? FROM batches
            WHERE run_id = ? AND kind = ? AND start >= ?""",
            (time.time(), *which),
        )
        db.execute("DELETE FROM batches WHERE run_id = ? AND kind = ? AND start >= ?", which)
