"""A folder tree with one folder per class: `<class>/*.jpg`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.data.boxes import BOXES
from core.data.disk import entries
from core.data.files import FileSource, pictures_in
from core.data.tables import find_table
from core.errors import BrokenDataError


def holds_class_folders(folder: Path) -> bool:
    """Whether some folder directly in this one holds images."""
    return any(any(pictures_in(folder / name)) for name in class_folders(folder))


def class_folders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, sorted: the class names, in the order of their indices."""
    return sorted(entry.name for entry in entries(folder) if entry.is_dir() and not entry.name.startswith("."))


def open_folder_tree(name: str, folder: Path, classes: int | None = None) -> FileSource:
    """Open a tree of class folders: class i is the i-th folder name, whether or not it holds images.

    `classes`, how many the network tells apart, is not needed here: the folders say it.
    """
    names = class_folders(folder)
    found = [(label, f"{one}/{file}") for label, one in enumerate(names) for file in sorted(pictures_in(folder / one))]
    labels = np.array([label for label, _ in found], dtype=np.int64)
    if len(np.unique(labels)) < 2:
        raise _one_class(folder, names[int(labels[0])])
    ids = tuple(file for _, file in found)
    return FileSource(name, folder, tuple(names), labels, ids, find_table(folder, BOXES))


def _one_class(folder: Path, name: str) -> BrokenDataError:
    return BrokenDataError(
        f"{folder} holds images of one class only ({name})",
        "a folder with at least two class folders that hold images",
        f"give the folder above it ({folder.parent}) if the classes lie there, or add a second class",
    )
