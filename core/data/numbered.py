"""A folder tree whose class folders are named by the number of the class: ImageNet-V2's `0..999`.

Sorted as names they come as 0, 1, 10, 100: torchvision's `ImageFolder` then takes folder 2 for class 112.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.data.files import folders_in
from core.data.folder import class_pictures, holds_class_folders, tree
from core.data.layout import Layout
from core.data.numbers import are_numbers, may_be_numbers
from core.data.stored import StoredSource
from core.errors import BrokenDataError


def open_numbered_tree(name: str, folder: Path, classes: int | None = None) -> StoredSource:
    """Open a tree whose folder i holds class i; BrokenDataError for a folder of no number, or one out of range."""
    folders = folders_in(folder)
    if not are_numbers(folders):
        raise _no_numbers(folder, next((one for one in folders if not are_numbers([one])), "no folder"))
    found = class_pictures(folder, sorted(folders, key=int))
    labels = np.array([int(one) for one, _ in found], dtype=np.int64)
    number = max(map(int, folders)) + 1 if classes is None else classes
    if len(labels) and labels.max() >= number:
        raise _out_of_range(folder, int(labels.max()), number)
    return tree(name, folder, tuple(map(str, range(number))), labels, found)


def _recognises(path: Path, classes: int | None) -> bool:
    return holds_class_folders(path) and may_be_numbers(folders_in(path), classes)


def _no_numbers(folder: Path, stranger: str) -> BrokenDataError:
    return BrokenDataError(
        f"{folder} holds {stranger} among its class folders",
        "folders named by the number of their class, without leading zeros",
        "take it away, or name the folder without `numbers:`",
    )


def _out_of_range(folder: Path, number: int, classes: int) -> BrokenDataError:
    return BrokenDataError(
        f"{folder} has images of class {number:,}, and the network tells {classes:,} classes apart",
        f"folders 0 to {classes - 1:,}",
        "choose a network with these classes, or name it folders:PATH if alphabetical order was meant",
    )


NUMBERS = Layout(
    "numbers",
    "a folder with one folder of images per class, named by the number of the class (ImageNet-V2)",
    "index",
    _recognises,
    open_numbered_tree,
)
