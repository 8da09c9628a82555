"""What a network said of each image: kept batch by batch, never changed once written."""

from __future__ import annotations

import hashlib
import sqlite3
import time

import numpy as np

from core.predictions import PREDICTION, Predictions
from core.store.database import Store


def append(db: sqlite3.Connection, run_id: str, start: int, predictions: Predictions, seconds: float) -> None:
    """Write the batch that begins at place `start` of the order, within the transaction `db`."""
    payload = predictions.tobytes()
    db.execute(
        "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)",
        (run_id, start, len(predictions), seconds, payload, hashlib.sha256(payload).hexdigest()),
    )


def load(store: Store, run_id: str, images: int | None = None) -> Predictions:
    """Return a run's predictions from the first image on, as far as they go without a gap (at most `images`).

    Each batch is checked against its hash; a damaged one and all after it are set aside, to be computed again.
    """
    with store.reading() as db:
        rows = db.execute("SELECT * FROM batches WHERE run_id = ? ORDER BY start", (run_id,)).fetchall()
    parts, reached = [], 0
    for row in rows:
        if images is not None and reached >= images:
            break
        if row["start"] != reached or hashlib.sha256(row["payload"]).hexdigest() != row["sha256"]:
            _set_aside(store, run_id, reached)
            break
        parts.append(np.frombuffer(row["payload"], PREDICTION))
        reached += row["count"]
    return np.concatenate([np.empty(0, PREDICTION), *parts])[:images]


def images_per_second(store: Store, run_id: str) -> float | None:
    """Return the median rate over the batches of a run; None if it has none."""
    with store.reading() as db:
        rows = db.execute("SELECT count / seconds FROM batches WHERE run_id = ? AND seconds > 0", (run_id,)).fetchall()
    return float(np.median([row[0] for row in rows])) if rows else None


def _set_aside(store: Store, run_id: str, start: int) -> None:
    with store.writing() as db:
        db.execute(
            "INSERT INTO damaged SELECT run_id, start, payload, sha256, ? FROM batches WHERE run_id = ? AND start >= ?",
            (time.time(), run_id, start),
        )
        db.execute("DELETE FROM batches WHERE run_id = ? AND start >= ?", (run_id, start))
