"""A folder tree whose class folders are named by the number of the class: ImageNet-V2's `0..999`.

Sorted as names they come as 0, 1, 10, 100: torchvision's `ImageFolder` then takes folder 2 for class 112.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.data.files import folders_in
from core.data.folder import holds_class_folders, tree
from core.data.layout import Layout
from core.data.numbers import are_numbers, number_of, numbers_of
from core.data.stored import StoredSource
from core.errors import BrokenDataError


def open_numbered_tree(name: str, folder: Path) -> StoredSource:
    """Open a tree whose folders are named by numbers, in their order; BrokenDataError for a folder of no number."""
    folders = folders_in(folder)
    if not are_numbers(folders):
        raise _no_numbers(folder, _stranger(folders))
    return tree(name, folder, [one for _, one in sorted(zip(numbers_of(folders), folders, strict=True))])


def _stranger(folders: Sequence[str]) -> str:
    """Return a folder that is no number, or the same number as another; "no folder" if there is none."""
    seen: set[int | None] = {None}
    for one in folders:
        if number_of(one) in seen:
            return one
        seen.add(number_of(one))
    return "no folder"


def _recognises(path: Path) -> bool:
    return holds_class_folders(path) and are_numbers(folders_in(path))


def _never(path: Path) -> bool:
    return False


def _no_numbers(folder: Path, stranger: str) -> BrokenDataError:
    return BrokenDataError(
        f"{folder} holds {stranger} among its class folders",
        "folders named by the number of their class, each number once",
        "take it away, or name the folder without `numbers:` or `from1:`",
    )


_TITLE = "a folder with one folder of images per class, named by the number of the class"
NUMBERS = Layout("numbers", f"{_TITLE} (ImageNet-V2)", "numbers", _recognises, open_numbered_tree)
FROM1 = Layout("from1", f"{_TITLE}, counted from 1", "from1", _never, open_numbered_tree)
