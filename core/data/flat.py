"""A flat folder of images with their classes in `labels.csv`, in the folder or beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from core.data.boxes import BOXES
from core.data.files import FileSource, pictures_in
from core.data.tables import find_table, read_table, table_beside
from core.errors import BrokenDataError

LABELS = "labels.csv"
MAX_CLASSES = 100_000  # a larger index is a slip, and would cost memory


@dataclass(frozen=True)
class Row:
    """One line of a labels file."""

    line: int
    file: str
    label: int
    class_name: str | None


def holds_labelled_files(folder: Path) -> bool:
    """Whether the folder has a `labels.csv`, or images and a `labels.csv` beside it."""
    return (folder / LABELS).is_file() or (table_beside(folder, LABELS).is_file() and any(pictures_in(folder)))


def open_labelled_files(name: str, folder: Path, classes: int | None = None) -> FileSource:
    """Open a flat folder: as many classes as the network tells apart, or as the highest index in `labels.csv` says."""
    table = find_table(folder, LABELS) or folder / LABELS
    rows = read_labels(table, classes)
    _require_files(rows, folder, table)
    labels = np.array([row.label for row in rows], dtype=np.int64)
    names = _class_names(rows, int(labels.max()) + 1 if classes is None else classes, table)
    return FileSource(name, folder, names, labels, tuple(row.file for row in rows), find_table(folder, BOXES))


def read_labels(table: Path, classes: int | None = None) -> list[Row]:
    """Read a labels file (columns `file`, `class_index`, optionally `class_name`; others are ignored)."""
    lines = read_table(table, ("file", "class_index"), ("class_name",))
    rows = [_row(number, cells, table, classes) for number, cells in lines]
    _require_two_classes(rows, table)
    _require_unique(rows, table)
    return rows


def _row(number: int, cells: dict[str, str], table: Path, classes: int | None) -> Row:
    file = _file(cells.get("file", ""), number, table)
    return Row(number, file, _label(cells.get("class_index", ""), number, table, classes), cells.get("class_name"))


def _file(text: str, number: int, table: Path) -> str:
    path = PurePosixPath(text)
    if not text or path.is_absolute() or ".." in path.parts:
        raise BrokenDataError(
            f"{table} line {number} names the file {text!r}",
            "a file inside the image folder",
            "give the name as it is in that folder",
        )
    return str(path)


def _label(text: str, number: int, table: Path, classes: int | None) -> int:
    limit = MAX_CLASSES if classes is None else classes
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        problem = f"the class_index {text!r}, which is no whole number"
    elif not 0 <= int(text) < limit:
        problem = f"the class_index {text}, which is out of range"
    else:
        return int(text)
    whose = "" if classes is None else f" (the network tells {classes:,} classes apart)"
    raise BrokenDataError(
        f"{table} line {number} has {problem}",
        f"whole numbers from 0 to {limit - 1:,}{whose}",
        "correct the line, or choose a network with these classes",
    )


def _require_two_classes(rows: list[Row], table: Path) -> None:
    present = {row.label for row in rows}
    if len(present) < 2:
        raise BrokenDataError(
            f"{table} lists {len(rows):,} images of {len(present)} class" + ("" if present else "es"),
            "images of at least two classes",
            "add lines for images of other classes",
        )


def _require_unique(rows: list[Row], table: Path) -> None:
    seen: dict[str, int] = {}
    for row in rows:
        if row.file in seen:
            raise BrokenDataError(
                f"{table} lists {row.file} twice, on lines {seen[row.file]} and {row.line}",
                "each file once",
                "take one of the lines away",
            )
        seen[row.file] = row.line


def _require_files(rows: list[Row], folder: Path, table: Path) -> None:
    missing = [row for row in rows if not (folder / row.file).is_file()]
    if missing:
        raise BrokenDataError(
            f"{table} line {missing[0].line} names {missing[0].file}, which is not in {folder}"
            + (f" ({len(missing):,} files are missing in all)" if missing[1:] else ""),
            "files that are in the folder",
            "add the files, or take their lines away",
        )


def _class_names(rows: list[Row], count: int, table: Path) -> tuple[str, ...]:
    """Return a name for each class: from the table, or else its index."""
    names: dict[int, str] = {}
    for row in rows:
        if row.class_name and names.setdefault(row.label, row.class_name) != row.class_name:
            raise BrokenDataError(
                f"{table} line {row.line} calls class {row.label} {row.class_name!r}, before {names[row.label]!r}",
                "one name for each class_index",
                "correct the index or the name",
            )
    return tuple(names.get(label, str(label)) for label in range(count))
