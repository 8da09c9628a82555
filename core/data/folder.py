"""A folder tree with one folder per class: `<class>/*.jpg`, classes named by wnid or by any name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.data.files import FolderShelf, folders_in, pictures_in
from core.data.layout import Layout
from core.data.numbers import are_numbers
from core.data.regions import regions_of
from core.data.stored import StoredSource
from core.data.wnids import is_wnid
from core.errors import BrokenDataError
from core.words import count, printable

SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test"})  # alone they are no classes


def holds_class_folders(folder: Path) -> bool:
    """Whether some folder directly in this one holds images."""
    return folder.is_dir() and any(any(pictures_in(folder / name)) for name in folders_in(folder))


def open_folder_tree(name: str, folder: Path) -> StoredSource:
    """Open a tree of class folders: class i is the i-th folder name, whether or not it holds images.

    BrokenDataError if they hold images of one class.
    """
    return tree(name, folder, folders_in(folder))


def tree(name: str, folder: Path, classes: Sequence[str]) -> StoredSource:
    """Return the source of the images in these folders, class by class; BrokenDataError if they are of one class."""
    found = [sorted(pictures_in(folder / one)) for one in classes]
    present = [one for one, inside in zip(classes, found, strict=True) if inside]
    if len(present) < 2:
        raise _one_class(folder, present)
    labels = np.repeat(np.arange(len(classes), dtype=np.int64), [len(inside) for inside in found])
    files = tuple(f"{one}/{file}" for one, inside in zip(classes, found, strict=True) for file in inside)
    shelf = FolderShelf(folder)
    return StoredSource(
        name, shelf, tuple(map(printable, classes)), labels, files, regions_of(shelf, files), _notes(shelf)
    )


def _by_wnid(path: Path) -> bool:
    return holds_class_folders(path) and any(map(is_wnid, folders_in(path)))


def _by_name(path: Path) -> bool:
    if not holds_class_folders(path):
        return False
    names = folders_in(path)
    if SPLITS.issuperset(name.lower() for name in names):
        return False
    return not any(map(is_wnid, names)) and not are_numbers(names)


def _notes(shelf: FolderShelf) -> tuple[str, ...]:
    beside = shelf.names()
    return (f"{count(len(beside), 'image')} beside the class folders: left out",) if beside else ()


def _one_class(folder: Path, present: Sequence[str]) -> BrokenDataError:
    names = f" ({present[0]})" if present else ""
    return BrokenDataError(
        f"{folder} holds images of one class only{names}",
        "a folder with at least two class folders that hold images",
        f"give the folder above it ({folder.parent}) if the classes lie there, or add a second class",
    )


WNIDS = Layout(
    "wnids", "a folder with one folder of images per class, named by wnid", "folders", _by_wnid, open_folder_tree
)
FOLDERS = Layout(
    "folders",
    "a folder with one folder of images per class, named after the class",
    "folders",
    _by_name,
    open_folder_tree,
)
