"""Runs and the results measured on them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from functools import reduce
from pathlib import Path
from typing import Any

import pandas as pd

from core.errors import CancelledError
from core.store.database import Store
from core.store.retrained import LIVE, TRAINING, delete_networks


@dataclass(frozen=True)
class Run:
    """One experiment: what was pruned how, and the fingerprints of the network and the data."""

    id: str
    spec: str  # JSON, enough to do it again
    network: str  # as the user named it
    network_sha: str
    data: str  # as the user named it
    data_sha: str
    technique: str | None  # None, as the next four: the dense network
    criterion: str | None
    scope: str | None
    rate: float
    form: str | None
    seed: int | None
    created_at: float
    shipped: bool = False


_COLUMNS = ", ".join(field.name for field in fields(Run))
_MARKS = ", ".join("?" * len(fields(Run)))


def put_run(db: sqlite3.Connection, run: Run) -> None:
    """Write a run within the transaction `db`; one that is there already stays as it is."""
    db.execute(f"INSERT OR IGNORE INTO runs ({_COLUMNS}) VALUES ({_MARKS})", astuple(run))


def find_run(store: Store, run_id: str) -> Run | None:
    """Return the run of that id, None if there is none."""
    with store.reading() as db:
        row = db.execute(f"SELECT {_COLUMNS} FROM runs WHERE id = ?", (run_id,)).fetchone()
    return Run(**{**dict(row), "shipped": bool(row["shipped"])}) if row else None


def require_run(db: sqlite3.Connection, run_id: str) -> None:
    """Raise CancelledError if a run is not there any more: nothing is to be written of one that was deleted."""
    if db.execute("SELECT 1 FROM runs WHERE id = ?", (run_id,)).fetchone() is None:
        raise CancelledError(f"run {run_id} was deleted")


def put_result(db: sqlite3.Connection, run_id: str, kind: str, values: dict[str, Any]) -> None:
    """Write (or bring up to date) what was measured of a kind, within the transaction `db`."""
    payload = json.dumps(values)
    db.execute(
        "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)", (run_id, kind, payload, _sha256(payload), time.time())
    )


def find_result(store: Store, run_id: str, kind: str) -> dict[str, Any] | None:
    """Return what was measured of a kind on a run; None if nothing yet, or if it is damaged."""
    query = "SELECT payload, sha256 FROM results WHERE run_id = ? AND kind = ?"
    with store.reading() as db:
        row = db.execute(query, (run_id, kind)).fetchone()
    return (_values(*row) or None) if row else None


def forget_result(db: sqlite3.Connection, run_id: str, kind: str) -> None:
    """Forget what was measured of a kind on a run, within the transaction `db`."""
    db.execute("DELETE FROM results WHERE run_id = ? AND kind = ?", (run_id, kind))


def results_of(store: Store, kind: str, network_sha: str, data_sha: str) -> dict[str, dict[str, Any]]:
    """Return by run id what was measured of a kind on the runs of a network on some data; what is damaged is not."""
    query = """SELECT run_id, payload, sha256 FROM results JOIN runs ON runs.id = run_id
        WHERE kind = ? AND network_sha = ? AND data_sha = ?"""
    with store.reading() as db:
        rows = db.execute(query, (kind, network_sha, data_sha)).fetchall()
    found = {row["run_id"]: _values(row["payload"], row["sha256"]) for row in rows}
    return {run_id: values for run_id, values in found.items() if values}


def _sha256(payload: str) -> str:
    return hashlib.sha256(payload.encode()).hexdigest()


def _values(payload: str | None, sha256: str | None) -> dict[str, Any]:
    """Return what a result says; nothing if there is none or it is not what was written."""
    return json.loads(payload) if payload is not None and _sha256(payload) == sha256 else {}


_RUNS = "SELECT runs.*, jobs.state, jobs.done, jobs.total, jobs.message FROM runs" + (
    " LEFT JOIN jobs ON jobs.id = 'accuracy-' || runs.id"
)
_RESULTS = "SELECT results.* FROM results JOIN runs ON runs.id = results.run_id"

_TRAININGS = (LIVE, TRAINING)  # the later one counts: a network that is there has not the epochs of another's training

# What a frame has of the results of each kind: column -> where the value stands. None: all that stands there.
_COLUMNS_OF: dict[str, dict[str, tuple[str, ...]] | None] = {
    "accuracy": None,
    "sparsity": {f"sparsity_{name}": (name,) for name in ("prunable", "conv", "all")},
    "size": {
        **{name: (name,) for name in ("parameters", "nonzero", "macs", "nonzero_macs", "bytes", "compressed_bytes")},
        **{f"compact_{name}": ("compact", name) for name in ("parameters", "macs", "bytes")},
    },
    "speed": {
        **{"speed_device": ("device",), "latency_ms": ("latency_ms",), "throughput": ("images_per_second",)},
        "dense_latency_ms": ("dense", "latency_ms"),  # of the dense network, measured beside this one
        **{"compact_latency_ms": ("compact", "latency_ms"), "compact_throughput": ("compact", "images_per_second")},
    },
    **{kind: {name: (name,) for name in ("epochs", "seconds", "training_images_per_second")} for kind in _TRAININGS},
}


def runs_frame(store: Store, network_sha: str | None = None, data_sha: str | None = None) -> pd.DataFrame:
    """Return one row a run: the columns of `Run`, its job's state, and the figures of `_COLUMNS_OF`.

    What was not measured is NaN. Sorted by technique and rate, the dense network first.
    """
    which = {"runs.network_sha": network_sha, "runs.data_sha": data_sha}
    with store.reading() as db:
        rows = [dict(row) for row in db.execute(*_filtered(_RUNS, which))]
        kinds = ", ".join(f"'{kind}'" for kind in _COLUMNS_OF)
        results = db.execute(*_filtered(f"{_RESULTS} AND results.kind IN ({kinds})", which)).fetchall()
    figures: dict[str, dict[str, Any]] = {row["id"]: {} for row in rows}
    for row in sorted(results, key=lambda row: row["kind"] == TRAINING):
        figures[row["run_id"]] |= _columns(row["kind"], _values(row["payload"], row["sha256"]))
    frame = pd.DataFrame([row | figures[row["id"]] for row in rows] or None, columns=None if rows else _names())
    return frame.sort_values(["technique", "rate"], na_position="first", ignore_index=True)


def _names() -> list[str]:
    return [field.name for field in fields(Run)]


def _columns(kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a result; those whose place is empty are left out."""
    places = _COLUMNS_OF[kind]
    if places is None:
        return values
    found = {column: reduce(_within, place, values) for column, place in places.items()}
    return {column: value for column, value in found.items() if value is not None}


def _within(values: Any, name: str) -> Any:
    return values.get(name) if isinstance(values, dict) else None


def delete_runs(store: Store, run_ids: Sequence[str]) -> None:
    """Delete runs with all that was measured on them, the networks that retraining made of them and their jobs.

    A running job finds no run and ends as cancelled, the next time that it tells how far it is.

    Raises StorageError if a network cannot be deleted; its run is gone then.
    """
    ids = [(run_id,) for run_id in run_ids]
    with store.writing() as db:
        for table in ("batches", "damaged", "results"):
            db.executemany(f"DELETE FROM {table} WHERE run_id = ?", ids)
        db.executemany("DELETE FROM jobs WHERE subject = ?", ids)
        db.executemany("DELETE FROM runs WHERE id = ?", ids)
    delete_networks(store.folder, run_ids)


def forget_measured(db: sqlite3.Connection, run_id: str) -> None:
    """Forget all that was measured on a run, whose network came out otherwise this time; the run itself stays."""
    for table in ("batches", "damaged", "results"):
        db.execute(f"DELETE FROM {table} WHERE run_id = ?", (run_id,))
    db.execute("UPDATE runs SET shipped = 0 WHERE id = ?", (run_id,))


def import_runs(store: Store, other: Path) -> int:
    """Copy the runs of another database file that are not here yet, as shipped; return how many.

    Of runs that are here, what the other has measured on more images, or alone, is taken too; but not of those that
    were retrained here, for the other's weights are others.
    """
    with store.reading() as db:  # its own transaction: a file cannot be attached inside one
        db.execute("ATTACH ? AS other", (str(other),))
        db.execute("BEGIN IMMEDIATE")
        for statement in _IMPORT.split(";"):
            db.execute(statement)
        count = db.execute(
            f"INSERT OR IGNORE INTO main.runs ({_COLUMNS}) SELECT {_COLUMNS} FROM other.runs WHERE id IN fresh"
        ).rowcount
        db.execute("UPDATE main.runs SET shipped = 1 WHERE id IN fresh OR (id, 'predictions') IN longer")
        db.execute("COMMIT")
    return count


# Figures belong to the batches that they are of: those of a kind come with them, those of none (sparsity) when missing.
_IMPORT = """
CREATE TEMP TABLE fresh AS SELECT id FROM other.runs EXCEPT SELECT id FROM main.runs;
CREATE TEMP TABLE own AS SELECT run_id FROM main.results JOIN main.runs ON runs.id = run_id
    WHERE kind = 'training' AND NOT shipped;
CREATE TEMP TABLE longer AS SELECT theirs.run_id, theirs.kind FROM
    (SELECT run_id, kind, SUM(count) AS images FROM other.batches GROUP BY run_id, kind) AS theirs
    LEFT JOIN (SELECT run_id, kind, SUM(count) AS images FROM main.batches GROUP BY run_id, kind) AS ours
    USING (run_id, kind) WHERE theirs.images > COALESCE(ours.images, 0) AND run_id NOT IN own;
DELETE FROM main.batches WHERE (run_id, kind) IN longer;
INSERT INTO main.batches SELECT * FROM other.batches WHERE (run_id, kind) IN longer;
INSERT OR REPLACE INTO main.results SELECT * FROM other.results WHERE (run_id, kind) IN longer
    OR (kind = 'accuracy' AND (run_id, 'predictions') IN longer);
INSERT OR IGNORE INTO main.results SELECT * FROM other.results WHERE run_id NOT IN own
"""


def _filtered(query: str, wanted: dict[str, str | None]) -> tuple[str, list[str]]:
    given = {column: value for column, value in wanted.items() if value is not None}
    where = " AND ".join(f"{column} = ?" for column in given)
    return (f"{query} WHERE {where}" if where else query), list(given.values())
