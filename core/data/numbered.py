"""A folder tree whose class folders are named by the number of the class: ImageNet-V2's `0..999`.

Sorted as names they come as 0, 1, 10, 100: torchvision's `ImageFolder` then takes folder 2 for class 112.
"""

from __future__ import annotations

from pathlib import Path

from core.data.files import folders_in
from core.data.folder import holds_class_folders, tree
from core.data.layout import Layout
from core.data.numbers import are_numbers
from core.data.stored import StoredSource
from core.errors import BrokenDataError


def open_numbered_tree(name: str, folder: Path) -> StoredSource:
    """Open a tree whose folders are named by numbers, in their order; BrokenDataError for a folder of no number."""
    folders = folders_in(folder)
    if not are_numbers(folders):
        raise _no_numbers(folder, next((one for one in folders if not are_numbers([one])), "no folder"))
    return tree(name, folder, sorted(folders, key=int))


def _recognises(path: Path) -> bool:
    return holds_class_folders(path) and are_numbers(folders_in(path))


def _never(path: Path) -> bool:
    return False


def _no_numbers(folder: Path, stranger: str) -> BrokenDataError:
    return BrokenDataError(
        f"{folder} holds {stranger} among its class folders",
        "folders named by the number of their class, without leading zeros",
        "take it away, or name the folder without `numbers:` or `from1:`",
    )


_TITLE = "a folder with one folder of images per class, named by the number of the class"
NUMBERS = Layout("numbers", f"{_TITLE} (ImageNet-V2)", "numbers", _recognises, open_numbered_tree)
FROM1 = Layout("from1", f"{_TITLE}, counted from 1", "from1", _never, open_numbered_tree)
