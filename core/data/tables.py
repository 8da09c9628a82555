"""Tables that say something of the images in a folder or an archive: files among them or beside them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.data.disk import unreadable
from core.errors import BrokenDataError

Cells = dict[str, str]  # of one line, by column


def places(where: Path) -> tuple[Path, ...]:
    """Return where tables may lie: in the folder and beside it; beside a file."""
    return (where.parent,) if where.is_file() else (where, where.resolve().parent)


def find_table(where: Path, name: str) -> Path | None:
    """Return the table in the folder, or else the one beside the folder or the file; None if there is neither."""
    return next((place / name for place in places(where) if (place / name).is_file()), None)


def read_table(table: Path, required: Sequence[str], optional: Sequence[str] = ()) -> Iterator[tuple[int, Cells]]:
    """Yield the number and the cells of each line that is not empty; other columns are there too.

    BrokenDataError if it is no CSV file or a required column is missing, MissingFileError if it cannot be read.
    """
    lines = _lines(table)
    header = lines[0] if lines else []
    _require_columns(header, table, required, optional)
    for number, line in enumerate(lines[1:], start=2):
        if any(line):
            yield number, dict(zip(header, line, strict=False))


def _lines(table: Path) -> list[list[str]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            return [[cell.strip() for cell in line] for line in csv.reader(file)]
    except OSError as error:
        raise unreadable(table, error) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BrokenDataError(
            f"{table} is no CSV file ({error})", "comma-separated UTF-8", "save it as that"
        ) from error


def _require_columns(header: list[str], table: Path, required: Sequence[str], optional: Sequence[str]) -> None:
    missing = [column for column in required if column not in header]
    if missing:
        also = f" and optionally {', '.join(optional)}" if optional else ""
        raise BrokenDataError(
            f"{table} has no column {' and no column '.join(missing)} (its first line is {','.join(header)!r})",
            f"columns {','.join(required)}{also}",
            "name the columns in the first line",
        )
