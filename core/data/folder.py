"""A folder tree with one folder per class: `<class>/*.jpg`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from core.data.boxes import BOXES
from core.data.disk import entries
from core.data.files import FileSource, pictures_in
from core.data.tables import find_table
from core.data.wnids import are_imagenets, imagenet_index, imagenet_wnids
from core.errors import BrokenDataError


def holds_class_folders(folder: Path) -> bool:
    """Whether some folder directly in this one holds images."""
    return any(any(pictures_in(folder / name)) for name in class_folders(folder))


def class_folders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, sorted: the class names, in the order of their indices."""
    return sorted(entry.name for entry in entries(folder) if entry.is_dir() and not entry.name.startswith("."))


def open_folder_tree(name: str, folder: Path, classes: int | None = None) -> FileSource:
    """Open a tree of class folders: class i is the i-th folder name, whether or not it holds images.

    `classes` is how many the network tells apart: where these are ImageNet's 1,000 and the folders are named by wnid,
    any of them will do, and each is the class of its wnid. BrokenDataError names a folder that is none of them.
    """
    folders = class_folders(folder)
    found = [(one, f"{one}/{file}") for one in folders for file in sorted(pictures_in(folder / one))]
    imagenets = are_imagenets(folders, classes)
    index = _of_imagenet(folder, found) if imagenets else {one: label for label, one in enumerate(folders)}
    labels = np.array([index[one] for one, _ in found], dtype=np.int64)
    if len(np.unique(labels)) < 2:
        raise _one_class(folder, found[0][0])
    names = imagenet_wnids() if imagenets else tuple(folders)
    return FileSource(name, folder, names, labels, tuple(file for _, file in found), find_table(folder, BOXES))


def _of_imagenet(folder: Path, found: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return the class index of each folder that holds images; the others are no class."""
    return {one: imagenet_index(one, folder) for one, _ in found}


def _one_class(folder: Path, name: str) -> BrokenDataError:
    return BrokenDataError(
        f"{folder} holds images of one class only ({name})",
        "a folder with at least two class folders that hold images",
        f"give the folder above it ({folder.parent}) if the classes lie there, or add a second class",
    )
