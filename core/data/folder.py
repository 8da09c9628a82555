"""A folder tree with one folder per class: `<class>/*.jpg`, classes named by wnid or by any name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.files import FolderShelf, folders_in, pictures_in
from core.data.layout import Layout
from core.data.numbers import may_be_names
from core.data.regions import regions_of
from core.data.stored import StoredSource
from core.data.wnids import are_imagenets, imagenet_index, imagenet_wnids, is_wnid
from core.errors import BrokenDataError
from core.words import count

SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test"})  # alone they are no classes


def holds_class_folders(folder: Path) -> bool:
    """Whether some folder directly in this one holds images."""
    return folder.is_dir() and any(any(pictures_in(folder / name)) for name in folders_in(folder))


def open_folder_tree(name: str, folder: Path, classes: int | None = None) -> StoredSource:
    """Open a tree of class folders: class i is the i-th folder name, whether or not it holds images.

    `classes` is how many the network tells apart: where these are ImageNet's 1,000 and the folders are named by wnid,
    any of them will do, and each is the class of its wnid. BrokenDataError names a folder that is none of them.
    """
    folders = folders_in(folder)
    found = class_pictures(folder, folders)
    imagenets = are_imagenets(folders, classes)
    index = _of_imagenet(folder, found) if imagenets else {one: label for label, one in enumerate(folders)}
    labels = np.array([index[one] for one, _ in found], dtype=np.int64)
    return tree(name, folder, imagenet_wnids() if imagenets else tuple(folders), labels, found)


def class_pictures(folder: Path, folders: Iterable[str]) -> list[tuple[str, str]]:
    """Return (class folder, path in `folder`) of each image in these folders."""
    return [(one, f"{one}/{file}") for one in folders for file in sorted(pictures_in(folder / one))]


def tree(
    name: str, folder: Path, classes: tuple[str, ...], labels: NDArray[np.int64], found: list[tuple[str, str]]
) -> StoredSource:
    """Return the source of these images; BrokenDataError if they are of one class."""
    if len(np.unique(labels)) < 2:
        raise _one_class(folder, found)
    shelf, files = FolderShelf(folder), tuple(file for _, file in found)
    return StoredSource(name, shelf, classes, labels, files, regions_of(shelf, files), _notes(shelf))


def _by_wnid(path: Path, classes: int | None) -> bool:
    return holds_class_folders(path) and any(map(is_wnid, folders_in(path)))


def _by_name(path: Path, classes: int | None) -> bool:
    if not holds_class_folders(path):
        return False
    names = folders_in(path)
    if SPLITS.issuperset(name.lower() for name in names):
        return False
    return not any(map(is_wnid, names)) and may_be_names(names, classes)


def _of_imagenet(folder: Path, found: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return the class index of each folder that holds images; the others are no class."""
    return {one: imagenet_index(one, folder) for one, _ in found}


def _notes(shelf: FolderShelf) -> tuple[str, ...]:
    beside = shelf.names()
    return (f"{count(len(beside), 'image')} beside the class folders: left out",) if beside else ()


def _one_class(folder: Path, found: list[tuple[str, str]]) -> BrokenDataError:
    names = f" ({found[0][0]})" if found else ""
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
    "a folder with one folder of images per class, in alphabetical order",
    "folders",
    _by_name,
    open_folder_tree,
)
