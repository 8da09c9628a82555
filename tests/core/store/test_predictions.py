from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from core.predictions import PREDICTION
from core.store import batches
from core.store.database import open_store
from core.store.predictions import append, images_per_second, load

FIRST_VERSION = """
CREATE TABLE batches (run_id TEXT NOT NULL, start INTEGER NOT NULL, count INTEGER NOT NULL, seconds REAL NOT NULL,
    payload BLOB NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (run_id, start));
CREATE TABLE damaged (run_id TEXT NOT NULL, start INTEGER NOT NULL, payload BLOB NOT NULL, sha256 TEXT NOT NULL,
    found_at REAL NOT NULL);
PRAGMA user_version = 1;
"""


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path)


def some(count, seed=0):
    rng = np.random.default_rng(seed)
    return np.frombuffer(rng.bytes(count * PREDICTION.itemsize), PREDICTION)


def write(store, *parts):
    start = 0
    for batch in parts:
        with store.writing() as db:
            append(db, "run", start, batch, 0.5)
        start += len(batch)


def test_batches_come_back_as_one_array_bit_for_bit(store):
    parts = [some(32, 0), some(32, 1), some(7, 2)]
    write(store, *parts)
    assert load(store, "run").tobytes() == b"".join(part.tobytes() for part in parts)
    assert load(store, "run", 40).tobytes() == np.concatenate(parts)[:40].tobytes()
    assert len(load(store, "nothing")) == 0


def test_a_damaged_batch_and_what_follows_is_set_aside(store):
    write(store, *(some(10, i) for i in range(4)))
    with store.writing() as db:
        db.execute("UPDATE batches SET payload = zeroblob(length(payload)) WHERE start = 20")
    assert load(store, "run").tobytes() == np.concatenate([some(10, 0), some(10, 1)]).tobytes()
    with store.reading() as db:
        assert [row[0] for row in db.execute("SELECT start FROM damaged ORDER BY start")] == [20, 30]
        assert db.execute("SELECT COUNT(*) FROM batches").fetchone()[0] == 2


def test_a_gap_ends_what_counts(store):
    write(store, *(some(10, i) for i in range(3)))
    with store.writing() as db:
        db.execute("DELETE FROM batches WHERE start = 10")
    assert len(load(store, "run")) == 10


def test_the_rate_is_the_median_over_batches(store):
    write(store, some(10), some(20), some(30))
    assert images_per_second(store, "run") == 40.0
    assert images_per_second(store, "nothing") is None


def test_kinds_of_one_run_are_kept_apart(store):
    write(store, some(10))
    with store.writing() as db:
        batches.append(db, "run", "maps", 0, np.ones((3, 2, 2), "<f4"), 0.5)
    assert batches.load(store, "run", "maps", np.dtype(("<f4", (2, 2)))).shape == (3, 2, 2)
    assert len(load(store, "run")) == 10


def test_a_store_of_the_first_version_keeps_its_predictions(tmp_path):
    with closing(sqlite3.connect(tmp_path / "prunescope.sqlite")) as db:
        db.executescript(FIRST_VERSION)
        payload = some(10).tobytes()
        db.execute(
            "INSERT INTO batches VALUES ('run', 0, 10, 0.5, ?, ?)", (payload, hashlib.sha256(payload).hexdigest())
        )
        db.commit()
    assert load(open_store(tmp_path), "run").tobytes() == some(10).tobytes()
    assert len(load(open_store(tmp_path), "run")) == 10


def test_a_part_can_be_read_across_batches(store):
    write(store, *(some(10, i) for i in range(4)))
    whole = load(store, "run")
    for start, images in ((0, 5), (5, 10), (10, 10), (18, 7), (35, 10), (40, 3)):
        part = batches.load(store, "run", "predictions", PREDICTION, images, start=start)
        assert part.tobytes() == whole[start : start + images].tobytes()


def test_rows_of_another_layout_are_set_aside_not_misread(store):
    write(store, some(10))
    assert len(batches.load(store, "run", "predictions", np.dtype([("image", "<i4")]))) == 0
    assert len(load(store, "run")) == 0


def test_what_another_process_wrote_meanwhile_stays(store):
    write(store, some(10, 1))
    write(store, some(10, 2))
    assert load(store, "run").tobytes() == some(10, 1).tobytes()
