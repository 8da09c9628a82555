"""Labels in a table `labels.csv`, among the images or beside them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from core.data.labelled import Labelled, LabelTable, labelled, row
from core.data.shelf import Shelf
from core.data.tables import find_table, read_table
from core.errors import BrokenDataError

LABELS = "labels.csv"
_COLUMNS = ("file", "class_index")


def find_labels(shelf: Shelf) -> Path | None:
    """Return the `labels.csv` that belongs to a shelf: one in the folder may name images that lie deeper."""
    table = find_table(shelf.where, LABELS)
    if table is None or shelf.names():
        return table
    return table if table.parent == shelf.where and _names_one_of(shelf, table) else None


def read_labels(table: Path, shelf: Shelf) -> Labelled:
    """Read a labels file (columns `file`, `class_index`, optionally `class_name`; others are ignored)."""
    lines = read_table(table, _COLUMNS, ("class_name",))
    rows = [
        row(table, line, (cells.get("file", ""), cells.get("class_index", ""), cells.get("class_name")))
        for line, cells in lines
    ]
    return labelled(rows, table, shelf)


def _names_one_of(shelf: Shelf, table: Path) -> bool:
    try:
        return any(shelf.holds(cells["file"]) for _, cells in islice(read_table(table, _COLUMNS), 1))
    except BrokenDataError:
        return False


LABELS_CSV = LabelTable("labels", "labels.csv (file,class_index)", "index", find_labels, read_labels)
