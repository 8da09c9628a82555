"""What a running job knows, and how it tells how far it is."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass, field, replace

from core.errors import CancelledError
from core.progress import Progress
from core.store.database import Store
from core.store.queue import Job, report


@dataclass(eq=False)
class Tally:
    """How far a job is, in what it counts, and how much of that it did itself: that alone tells its speed."""

    done: int = 0
    fresh: int = 0


@dataclass(frozen=True)
class Task:
    """A claimed job on its device. Reporting progress is also where a cancelled job stops."""

    store: Store
    job: Job
    device: str
    started: float = field(default_factory=time.monotonic)

    def from_now(self) -> Task:
        """Return the same task with its clock at zero: the speed it tells is that of what comes now."""
        return replace(self, started=time.monotonic())

    def tell(self, done: int, total: int, what: str, fresh: int | None = None) -> Job:
        """Write the progress in a transaction of its own; CancelledError if the user asked to stop."""
        with self.store.writing() as db:
            row = self.tell_within(db, done, total, what, fresh)
        return self.stop_if_asked(row)

    def tell_within(self, db: sqlite3.Connection, done: int, total: int, what: str, fresh: int | None = None) -> Job:
        """Write the progress within the transaction `db`; `fresh` is the part of `done` that this task did."""
        elapsed = time.monotonic() - self.started
        speed = (done if fresh is None else fresh) / elapsed if elapsed > 0 else None
        return report(db, self.job.id, done, total, speed, what)

    def stop_if_asked(self, row: Job) -> Job:
        """Raise CancelledError if `row` asks this job to stop, else return it."""
        if row.cancelling:
            raise CancelledError(f"cancelled after {row.done:,} of {row.total:,}")
        return row

    def telling(self) -> Progress:
        """Return a Progress of work that may begin in the middle: its speed is that of what was done since."""
        begun: dict[int, int] = {}

        def tell(done: int, total: int, what: str) -> None:
            self.tell(done, total, what, done - begun.setdefault(total, done))

        return tell

    def progress(self, done: int, total: int, what: str) -> None:
        """Be a `core.progress.Progress`."""
        self.tell(done, total, what)
