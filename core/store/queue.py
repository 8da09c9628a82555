"""The queue of jobs: rows that the app writes and workers take, first in, first out."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import CancelledError
from core.store.database import Store

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
OPEN = (QUEUED, RUNNING)
ENDED = (DONE, FAILED, CANCELLED)


@dataclass(frozen=True)
class Job:
    """One row of the queue. `total` is 0 until it is known; `speed` is in `done` units per second."""

    id: str
    kind: str
    subject: str
    title: str
    request: dict[str, Any]
    state: str
    device: str | None
    done: int
    total: int
    speed: float | None
    message: str
    cancelling: bool
    queued_at: float
    started_at: float | None
    finished_at: float | None

    @property
    def share(self) -> float:
        """How much of it is done, 0..1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def seconds_left(self) -> float | None:
        """What is left at the present speed; None while that is not known."""
        return (self.total - self.done) / self.speed if self.speed and self.total else None


def job_id(kind: str, subject: str) -> str:
    """Return the id of the job that does `kind` for `subject`: there is one, however often it is asked for."""
    return f"{kind}-{subject}"


def enqueue(store: Store, kind: str, subject: str, title: str, request: dict[str, Any]) -> Job:
    """Put a job at the end of the queue, or change what an open one is asked for; return it."""
    identity = job_id(kind, subject)
    with store.writing() as db:
        place = db.execute("SELECT COALESCE(MAX(place), 0) + 1 FROM jobs").fetchone()[0]
        db.execute(
            """INSERT INTO jobs (id, kind, subject, title, request, state, place, queued_at)
            VALUES (?, ?, ?, ?, ?, 'queued', ?, ?)
            ON CONFLICT (id) DO UPDATE SET request = excluded.request, title = excluded.title, cancelling = 0,
                place = CASE WHEN state IN ('queued', 'running') THEN place ELSE excluded.place END,
                queued_at = CASE WHEN state IN ('queued', 'running') THEN queued_at ELSE excluded.queued_at END,
                message = CASE WHEN state = 'running' THEN message ELSE '' END,
                state = CASE WHEN state = 'running' THEN state ELSE 'queued' END""",
            (identity, kind, subject, title, json.dumps(request), place, time.time()),
        )
        return _job(db.execute("SELECT * FROM jobs WHERE id = ?", (identity,)).fetchone())


def job(store: Store, identity: str) -> Job | None:
    """Return the job of that id, None if there is none."""
    with store.reading() as db:
        row = db.execute("SELECT * FROM jobs WHERE id = ?", (identity,)).fetchone()
    return _job(row) if row else None


def jobs(store: Store, states: Sequence[str] = (*OPEN, *ENDED)) -> list[Job]:
    """Return the jobs in any of `states`: the running ones, then the queue in its order, then the latest ended."""
    marks = ", ".join("?" * len(states))
    query = f"""SELECT * FROM jobs WHERE state IN ({marks}) ORDER BY state != 'running', state != 'queued',
        CASE WHEN state IN ('queued', 'running') THEN place END, finished_at DESC"""
    with store.reading() as db:
        return [_job(row) for row in db.execute(query, tuple(states))]


def claim(store: Store, device: str, only: Sequence[str] | None = None) -> Job | None:
    """Take the first queued job (among the ids in `only`, if given) for `device`; None if there is none."""
    chosen = "" if only is None else f"AND id IN ({', '.join('?' * len(only))})"
    with store.writing() as db:
        row = db.execute(
            f"""UPDATE jobs SET state = 'running', device = ?, started_at = ?, finished_at = NULL, done = 0, total = 0,
            speed = NULL, message = '' WHERE id = (
                SELECT id FROM jobs WHERE state = 'queued' {chosen} ORDER BY place LIMIT 1) RETURNING *""",
            (device, time.time(), *(only or ())),
        ).fetchone()
        return _job(row) if row else None


def requeue_orphans(store: Store, device: str) -> int:
    """Queue again, in their old places, the jobs that a dead worker of `device` left running; return how many.

    For the holder of the device's lock alone: whatever runs there without the lock is dead.
    """
    with store.writing() as db:
        return db.execute("UPDATE jobs SET state = 'queued' WHERE state = 'running' AND device = ?", (device,)).rowcount


def report(db: sqlite3.Connection, identity: str, done: int, total: int, speed: float | None, message: str) -> Job:
    """Write a job's progress within the transaction `db` and return its row, which may ask it to cancel.

    Raises CancelledError if the job is not in the queue any more: its run was deleted.
    """
    row = db.execute(
        "UPDATE jobs SET done = ?, total = ?, speed = ?, message = ? WHERE id = ? RETURNING *",
        (done, total, speed, message, identity),
    ).fetchone()
    if row is None:
        raise CancelledError(f"job {identity} was deleted")
    return _job(row)


def finish(store: Store, job: Job, state: str, message: str = "") -> None:
    """End a running job as `state`; if it was done and meanwhile asked for more, it is queued again instead."""
    with store.writing() as db:
        db.execute(
            """UPDATE jobs SET state = CASE WHEN ? = 'done' AND request != ? THEN 'queued' ELSE ? END,
            message = ?, finished_at = ?, cancelling = 0 WHERE id = ? AND state = 'running'""",
            (state, json.dumps(job.request), state, message, time.time(), job.id),
        )


def cancel(store: Store, identities: Sequence[str]) -> None:
    """Cancel queued jobs at once and ask running ones to stop after their current batch."""
    with store.writing() as db:
        for identity in identities:
            db.execute(
                "UPDATE jobs SET state = 'cancelled', finished_at = ? WHERE id = ? AND state = 'queued'",
                (time.time(), identity),
            )
            db.execute("UPDATE jobs SET cancelling = 1 WHERE id = ? AND state = 'running'", (identity,))


def forget(store: Store, identities: Sequence[str]) -> None:
    """Take ended jobs out of the history."""
    with store.writing() as db:
        db.executemany(
            "DELETE FROM jobs WHERE id = ? AND state NOT IN ('queued', 'running')", [(i,) for i in identities]
        )


def _job(row: sqlite3.Row) -> Job:
    values = {key: row[key] for key in row.keys() if key != "place"}  # noqa: SIM118  (a Row iterates over its values)
    return Job(**{**values, "request": json.loads(row["request"]), "cancelling": bool(row["cancelling"])})
