"""A flat folder of images with a table of their labels, in the folder or beside it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from core.data.files import FolderShelf
from core.data.labelled import LabelTable
from core.data.layout import Layout
from core.data.regions import regions_of
from core.data.stored import StoredSource


def flat_layout(table: LabelTable) -> Layout:
    """Return the layout of a flat folder labelled by this kind of table."""
    return Layout(
        table.name,
        f"a folder of images with {table.title} in it or beside it",
        table.numbering,
        partial(_recognises, table),
        partial(_opens, table),
    )


def _recognises(table: LabelTable, path: Path) -> bool:
    return path.is_dir() and table.find(FolderShelf(path)) is not None


def _opens(table: LabelTable, name: str, path: Path) -> StoredSource:
    shelf = FolderShelf(path)
    known = table.open(shelf)
    regions = regions_of(shelf, known.files)
    return StoredSource(name, shelf, known.classes, known.labels, known.files, regions, known.notes)
