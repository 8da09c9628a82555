"""Masks as PNG files beside images: `cat.mask.png` says where in `cat.jpg` the target is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from core.data.files import MASK_SUFFIX, FolderShelf
from core.data.pictures import decoded
from core.errors import BrokenDataError


@dataclass(frozen=True)
class MaskFiles:
    """The masks in a folder: what is not black is the target."""

    shelf: FolderShelf
    kind: str = "mask"

    def mask(self, name: str, picture: Callable[[], Image]) -> NDArray[np.bool_] | None:
        """Return the target's pixels; None without a mask file.

        Raises BrokenDataError if it shows nothing or is of another size than the image.
        """
        file = mask_name(name)
        if not self.shelf.holds(file):
            return None
        found = np.asarray(decoded(self.shelf.read(file), file)).any(2)
        width, height = picture().size
        if found.shape != (height, width):
            raise _other_size(file, found.shape, width, height)
        if not found.any():
            raise BrokenDataError(f"{file} is black all over", "a mask with a target", "mend it, or take it away")
        return np.asarray(found, np.bool_)


def mask_name(name: str) -> str:
    """Return what the mask of an image is called."""
    return str(PurePosixPath(name).with_suffix("")) + MASK_SUFFIX


def _other_size(file: str, shape: tuple[int, ...], width: int, height: int) -> BrokenDataError:
    return BrokenDataError(
        f"{file} has {shape[1]:,} x {shape[0]:,} pixels, its image {width:,} x {height:,}",
        "a mask of the image's size, black where the target is not",
        "make it of that size, or take it away",
    )
