"""Labels in a list `val.txt`, as Caffe's users keep them: a line `name index` for each image."""

from __future__ import annotations

from pathlib import Path

from core.data.labelled import Labelled, LabelTable, labelled, row
from core.data.shelf import Shelf
from core.data.tables import find_table, lines_of, shown
from core.errors import BrokenDataError

LIST = "val.txt"
_NO_CHANCE = 10  # so many lines numbered 1, 2, 3 ... are no classes


def find_list(shelf: Shelf) -> Path | None:
    """Return the `val.txt` among the images or beside them."""
    return find_table(shelf.where, LIST) if shelf.names() else None


def read_list(table: Path, shelf: Shelf) -> Labelled:
    """Read a list; BrokenDataError for a malformed line, and for a list that only numbers the images (Kaggle's)."""
    pairs = [(number, *_pair(line, number, table)) for number, line in enumerate(lines_of(table), 1) if line.strip()]
    _refuse_numbering([text for _, _, text in pairs], table)
    rows = [row(table, number, (file, text, None)) for number, file, text in pairs]
    return labelled(rows, table, shelf)


def _pair(line: str, number: int, table: Path) -> tuple[str, str]:
    name, _, index = " ".join(line.split("\t")).strip().rpartition(" ")
    if name:
        return name.strip(), index
    raise BrokenDataError(f"{table} line {number} is {shown(line)!r}", "lines `name index`", "correct the line")


def _refuse_numbering(indices: list[str], table: Path) -> None:
    if len(indices) >= _NO_CHANCE and indices == [str(number) for number in range(1, len(indices) + 1)]:
        raise BrokenDataError(
            f"{table} numbers its lines 1, 2, 3 ... and says nothing of classes",
            "lines `name index`, the index counted from 0 as the network counts its classes",
            "put ImageNet's devkit beside the images, or a labels.csv",
        )


VAL_LIST = LabelTable("list", "val.txt (name index)", "index", find_list, read_list)
