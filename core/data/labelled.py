"""Tables of labels: which of the images on a shelf is of which class, whoever says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from core.data.layout import Numbering
from core.data.shelf import Shelf
from core.data.tables import shown
from core.errors import BrokenDataError, MissingFileError
from core.words import count, printable

MAX_CLASSES = 100_000  # a larger index is a slip, and would cost memory


@dataclass(frozen=True, eq=False)
class Labelled:
    """Images of a shelf by name, with their classes."""

    files: tuple[str, ...]
    labels: NDArray[np.int64]  # (n,)
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelTable:
    """One kind of table: how it is found for a shelf, and read."""

    name: str
    title: str
    numbering: Numbering
    find: Callable[[Shelf], Path | None]
    read: Callable[[Path, Shelf], Labelled]

    def open(self, shelf: Shelf) -> Labelled:
        """Read the table that belongs to a shelf; MissingFileError if there is none."""
        found = self.find(shelf)
        if found is None:
            raise MissingFileError(
                f"no {self.title} belongs to {shelf.where}", "it among the images or beside them", "put it there"
            )
        return self.read(found, shelf)


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    line: int
    file: str
    label: int
    class_name: str = ""


def row(table: Path, line: int, cells: tuple[str, str, str | None]) -> Row:
    """Return a line as a row: cells are file, class index, class name; BrokenDataError if they cannot be that."""
    file, label, name = cells
    return Row(line, _file(file, line, table), _label(label, line, table), printable(name or "").strip())


def labelled(rows: list[Row], table: Path, shelf: Shelf) -> Labelled:
    """Return what the rows say of a shelf: of as many classes as the highest index says.

    BrokenDataError for fewer than two classes, an image listed twice or not there, a class of two names.
    """
    _require_two_classes(rows, table)
    _require_unique(rows, table)
    _require_files(rows, table, shelf)
    labels = np.array([one.label for one in rows], dtype=np.int64)
    names = _class_names(rows, int(labels.max()) + 1, table)
    files = tuple(one.file for one in rows)
    return Labelled(files, labels, names, left_out(shelf, files, table))


def left_out(shelf: Shelf, files: Iterable[str], table: Path) -> tuple[str, ...]:
    """Return the note on images of a shelf that a table does not name; none if there are none."""
    unnamed = set(shelf.names()).difference(files)
    return (f"{count(len(unnamed), 'image')} not in {table.name}: left out",) if unnamed else ()


def _file(text: str, line: int, table: Path) -> str:
    path = PurePosixPath(text)
    if not text or path.is_absolute() or ".." in path.parts:
        raise BrokenDataError(
            f"{table} line {line} names the file {shown(text)!r}",
            "a file inside the image folder",
            "give the name as it is in that folder",
        )
    return str(path)


def _label(text: str, line: int, table: Path) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        problem = f"the class_index {shown(text)!r}, which is no whole number"
    elif not 0 <= int(text) < MAX_CLASSES:
        problem = f"the class_index {text}, which is out of range"
    else:
        return int(text)
    raise BrokenDataError(
        f"{table} line {line} has {problem}",
        f"whole numbers from 0 to {MAX_CLASSES - 1:,}",
        "correct the line",
    )


def _require_two_classes(rows: list[Row], table: Path) -> None:
    present = {one.label for one in rows}
    if len(present) < 2:
        raise BrokenDataError(
            f"{table} lists {len(rows):,} images of {len(present)} class" + ("" if present else "es"),
            "images of at least two classes",
            "add lines for images of other classes",
        )


def _require_unique(rows: list[Row], table: Path) -> None:
    seen: dict[str, int] = {}
    for one in rows:
        if one.file in seen:
            raise BrokenDataError(
                f"{table} lists {shown(one.file)} twice, on lines {seen[one.file]} and {one.line}",
                "each file once",
                "take one of the lines away",
            )
        seen[one.file] = one.line


def _require_files(rows: list[Row], table: Path, shelf: Shelf) -> None:
    missing = [one for one in rows if not shelf.holds(one.file)]
    if missing:
        raise BrokenDataError(
            f"{table} line {missing[0].line} names {shown(missing[0].file)}, which is not in {shelf.where}"
            + (f" ({len(missing):,} files are missing in all)" if missing[1:] else ""),
            "files that are there",
            "add the files, or take their lines away",
        )


def _class_names(rows: list[Row], number: int, table: Path) -> tuple[str, ...]:
    """Return a name for each class: from the table, or else its index."""
    names: dict[int, str] = {}
    for one in rows:
        if one.class_name and names.setdefault(one.label, one.class_name) != one.class_name:
            now, before = shown(one.class_name), shown(names[one.label])
            raise BrokenDataError(
                f"{table} line {one.line} calls class {one.label} {now!r}, before {before!r}",
                "one name for each class_index",
                "correct the index or the name",
            )
    return tuple(names.get(label, str(label)) for label in range(number))
