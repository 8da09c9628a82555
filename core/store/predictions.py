"""What a network said of each image."""

from __future__ import annotations

import sqlite3

from core.predictions import PREDICTION, PRESENT, Predictions, Present
from core.store import batches
from core.store.database import Store

KIND = "predictions"
AMONG_PRESENT = "present"  # beside predictions, of data that have images of fewer classes than the network tells apart


def append(db: sqlite3.Connection, run_id: str, start: int, predictions: Predictions, seconds: float) -> None:
    """Write the batch that begins at place `start` of the order, within the transaction `db`."""
    batches.append(db, run_id, KIND, start, predictions, seconds)


def append_present(db: sqlite3.Connection, run_id: str, start: int, present: Present, seconds: float) -> None:
    """Write what is likeliest among the classes present, as `append` writes predictions."""
    batches.append(db, run_id, AMONG_PRESENT, start, present, seconds)


def load_present(store: Store, run_id: str, images: int | None = None) -> Present:
    """Return what is likeliest among the classes present, from the first image on; empty where nobody noted it."""
    return batches.load(store, run_id, AMONG_PRESENT, PRESENT, images)


def load(store: Store, run_id: str, images: int | None = None) -> Predictions:
    """Return a run's predictions from the first image on, as far as they are sound and without a gap."""
    return batches.load(store, run_id, KIND, PREDICTION, images)


def images_per_second(store: Store, run_id: str) -> float | None:
    """Return the median rate of evaluation of a run; None if it was not evaluated."""
    return batches.images_per_second(store, run_id, KIND)
