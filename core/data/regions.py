"""What says where in the images of a shelf the target is: masks, or else a table of boxes, or else annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from core.data.annotations import find_annotations
from core.data.boxes import BOXES, Box, read_boxes, union
from core.data.disk import entries
from core.data.files import FolderShelf, is_mask
from core.data.masks import MaskFiles
from core.data.shelf import Shelf
from core.data.stored import Regions
from core.data.tables import find_table


@dataclass(frozen=True, eq=False)
class BoxTable:
    """A table `boxes.csv`, read when first asked for: who only measures accuracy need not wait for it, nor mend it."""

    table: Path
    shelf: Shelf
    files: tuple[str, ...]
    kind: str = "boxes"

    def mask(self, name: str, picture: Callable[[], Image]) -> NDArray[np.bool_] | None:
        """Return what lies in one of an image's boxes; None if it has none. Raises what `read_boxes` raises."""
        boxes = self._boxes.get(name)
        return union(boxes, *picture().size) if boxes else None

    @cached_property
    def _boxes(self) -> dict[str, list[Box]]:
        return read_boxes(self.table, self.shelf, self.files)


def regions_of(shelf: Shelf, files: tuple[str, ...]) -> Regions | None:
    """Return what says where the targets are: never two of them at once, whose figures could not be compared."""
    if isinstance(shelf, FolderShelf) and _has_mask(shelf, files):
        return MaskFiles(shelf)
    table = find_table(shelf.where, BOXES)
    return BoxTable(table, shelf, files) if table else find_annotations(shelf.where, files)


def _has_mask(shelf: FolderShelf, files: Iterable[str]) -> bool:
    folders = {PurePosixPath(file).parent for file in files}
    return any(is_mask(entry.name) for folder in folders for entry in entries(shelf.where / folder))
