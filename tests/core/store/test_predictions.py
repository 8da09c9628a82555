from __future__ import annotations

import numpy as np
import pytest

from core.predictions import PREDICTION
from core.store.database import open_store
from core.store.predictions import append, images_per_second, load


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path)


def some(count, seed=0):
    rng = np.random.default_rng(seed)
    return np.frombuffer(rng.bytes(count * PREDICTION.itemsize), PREDICTION)


def write(store, *batches):
    start = 0
    for batch in batches:
        with store.writing() as db:
            append(db, "run", start, batch, 0.5)
        start += len(batch)


def test_batches_come_back_as_one_array_bit_for_bit(store):
    batches = [some(32, 0), some(32, 1), some(7, 2)]
    write(store, *batches)
    assert load(store, "run").tobytes() == b"".join(batch.tobytes() for batch in batches)
    assert load(store, "run", 40).tobytes() == np.concatenate(batches)[:40].tobytes()
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
