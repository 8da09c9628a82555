"""The database file: its tables, and transactions on it.

Several processes use it at once (the app, workers, a shell), so each transaction opens its own connection; SQLite's
write-ahead log keeps readers and the one writer out of each other's way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import StorageError
from core.paths import cache_folder, writable

SCHEMA_VERSION = 2
_WAIT_SECONDS = 30.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, spec TEXT NOT NULL, network TEXT NOT NULL, network_sha TEXT NOT NULL, data TEXT NOT NULL,
    data_sha TEXT NOT NULL, technique TEXT, criterion TEXT, scope TEXT, rate REAL NOT NULL, form TEXT, seed INTEGER,
    created_at REAL NOT NULL, shipped INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS runs_of ON runs (network_sha, data_sha);
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, title TEXT NOT NULL, request TEXT NOT NULL,
    state TEXT NOT NULL, device TEXT, done INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0,
    speed REAL, message TEXT NOT NULL DEFAULT '', cancelling INTEGER NOT NULL DEFAULT 0,
    place INTEGER NOT NULL, queued_at REAL NOT NULL, started_at REAL, finished_at REAL);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, place);
CREATE TABLE IF NOT EXISTS batches (
    run_id TEXT NOT NULL, kind TEXT NOT NULL, start INTEGER NOT NULL, count INTEGER NOT NULL, seconds REAL NOT NULL,
    payload BLOB NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (run_id, kind, start));
CREATE TABLE IF NOT EXISTS damaged (
    run_id TEXT NOT NULL, kind TEXT NOT NULL, start INTEGER NOT NULL, payload BLOB NOT NULL, sha256 TEXT NOT NULL,
    found_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS results (
    run_id TEXT NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL, sha256 TEXT NOT NULL, written_at REAL NOT NULL,
    PRIMARY KEY (run_id, kind));
"""

# From version 1, whose batches had no kind: they all were predictions.
_SET_ASIDE = "ALTER TABLE batches RENAME TO batches_1; ALTER TABLE damaged RENAME TO damaged_1"
_TAKE_OVER = """
INSERT INTO batches SELECT run_id, 'predictions', start, count, seconds, payload, sha256 FROM batches_1;
INSERT INTO damaged SELECT run_id, 'predictions', start, payload, sha256, found_at FROM damaged_1;
DROP TABLE batches_1;
DROP TABLE damaged_1
"""


@dataclass(frozen=True)
class Store:
    """A place for runs and results: the folder that holds the database, the packed data and the locks."""

    folder: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "prunescope.sqlite"

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection to read with."""
        with _told_plainly(self.folder), closing(_connect(self.database)) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection inside one transaction: all of it is written, or after an error nothing."""
        with _told_plainly(self.folder), closing(_connect(self.database)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()


def open_store(folder: Path | None = None) -> Store:
    """Return the store in `folder` (default: the cache folder), made first if there is none.

    Raises StorageError if the folder cannot be written or a newer version of Prunescope wrote it.
    """
    store = Store(writable(folder or cache_folder()))
    with store.writing() as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise StorageError(
                f"{store.database} has format {version}",
                f"format {SCHEMA_VERSION}",
                "update Prunescope, or move it away",
            )
        scripts = (_SET_ASIDE, _SCHEMA, _TAKE_OVER) if version == 1 else (_SCHEMA,)
        for statement in ";".join(scripts).split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return store


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


@contextmanager
def _told_plainly(folder: Path) -> Iterator[None]:
    """Turn SQLite's errors about the disk into one that says what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if not any(word in str(error) for word in ("readonly", "disk", "full", "unable to open", "locked")):
            raise
        raise StorageError(
            f"the store in {folder} cannot be used ({error})",
            "a folder with free space that this user may write to",
            "free some space, change the permissions, or set PRUNESCOPE_CACHE to another folder",
        ) from error
