"""Tables that say something of the images in a folder or an archive: files among them or beside them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.data.disk import unreadable
from core.errors import BrokenDataError
from core.words import printable, shortened

MAX_IMAGES = 2_000_000  # in all; ImageNet's training images are 1,281,167
MAX_BYTES = 2**27  # of a table: twice what that of these images takes
MAX_LINE = 4096  # letters: as many as a path may have

_SHOWN = 120  # characters of a cell that an error repeats

Cells = dict[str, str]  # of one line, by column


def places(where: Path) -> tuple[Path, ...]:
    """Return where tables may lie: in the folder and beside it; beside a file."""
    return (where.parent,) if where.is_file() else (where, where.resolve().parent)


def find_table(where: Path, name: str) -> Path | None:
    """Return the table in the folder, or else the one beside the folder or the file; None if there is neither."""
    return next((place / name for place in places(where) if (place / name).is_file()), None)


def read_table(table: Path, required: Sequence[str], optional: Sequence[str] = ()) -> Iterator[tuple[int, Cells]]:
    """Yield the number and the cells of each line that is not empty; other columns are there too.

    BrokenDataError if it is no CSV file or a required column is missing; raises what `lines_of` raises.
    """
    lines = _cells(table)
    _, header = next(lines, (1, []))
    _require_columns(header, table, required, optional)
    for number, line in lines:
        if any(line):
            yield number, dict(zip(header, line, strict=False))


def lines_of(table: Path) -> Iterator[str]:
    """Yield the lines of a table, their ends with them; none is read of a file of more than `MAX_BYTES`.

    BrokenDataError for that, for a line of more than `MAX_LINE` letters, for more than `MAX_IMAGES` lines beside the
    first, and for what is no UTF-8; MissingFileError if it cannot be read.
    """
    try:
        _require_size(table.stat().st_size, table)
        with table.open(newline="", encoding="utf-8-sig") as file:
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE + 1), "")):
                _require_short(line, number + 1, table)
                require_few(number, table)
                yield line
    except OSError as error:
        raise unreadable(table, error) from error
    except UnicodeDecodeError as error:
        raise BrokenDataError(f"{table} is no text ({error})", "text in UTF-8", "save it as that") from error


def shown(text: str) -> str:
    """Return what is written in a table as errors repeat it: not too long, and nothing that cannot be printed."""
    return shortened(printable(text), _SHOWN)


def require_few(images: int, where: Path) -> None:
    """Raise BrokenDataError for what lists more than `MAX_IMAGES`."""
    if images > MAX_IMAGES:
        given = f"{where} lists at least {images:,} images"
        raise BrokenDataError(given, f"at most {MAX_IMAGES:,} in all", "take a part of them, or look for a slip")


def _cells(table: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of each line."""
    lines = csv.reader(lines_of(table))
    try:
        for line in lines:
            yield lines.line_num, [cell.strip() for cell in line]
    except csv.Error as error:
        raise BrokenDataError(
            f"{table} is no CSV file ({error})", "comma-separated UTF-8", "save it as that"
        ) from error


def _require_size(size: int, table: Path) -> None:
    if size > MAX_BYTES:
        raise BrokenDataError(
            f"{table} is of {size:,} bytes", f"at most {MAX_BYTES:,}", "take away what does not belong to its images"
        )


def _require_short(line: str, number: int, table: Path) -> None:
    if len(line) > MAX_LINE:
        raise BrokenDataError(
            f"{table} line {number} is longer than {MAX_LINE:,} letters", f"at most {MAX_LINE:,}", "cut the line"
        )


def _require_columns(header: list[str], table: Path, required: Sequence[str], optional: Sequence[str]) -> None:
    _require_once(header, table, (*required, *optional))
    missing = [column for column in required if column not in header]
    if missing:
        also = f" and optionally {', '.join(optional)}" if optional else ""
        first = shortened(",".join(header), 200)
        raise BrokenDataError(
            f"{table} has no column {' and no column '.join(missing)} (its first line is {first!r})",
            f"columns {','.join(required)}{also}",
            "name the columns in the first line",
        )


def _require_once(header: list[str], table: Path, columns: Sequence[str]) -> None:
    twice = [column for column in columns if header.count(column) > 1]
    if twice:
        raise BrokenDataError(
            f"{table} has the column {twice[0]} {header.count(twice[0])} times",
            "each column once",
            "take the columns away that are not meant",
        )
