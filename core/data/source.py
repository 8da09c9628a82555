"""Sources of labelled images, and how a source is recognised from what the user gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from core.data.disk import entries
from core.data.files import pictures_in
from core.data.flat import holds_labelled_files, open_labelled_files
from core.data.folder import class_folders, holds_class_folders, open_folder_tree
from core.errors import BrokenDataError, InvalidSettingError, MissingFileError

SCENES, TRAINING_SCENES = "scenes", "scenes:training"


class Source(Protocol):
    """Labelled images, each with an id: as many as len() says."""

    @property
    def name(self) -> str:
        """What `open_source` was given."""

    @property
    def title(self) -> str:
        """What it is called on the screen."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of their indices; some may have no image."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class index of each image: (n,)."""

    @property
    def ids(self) -> tuple[str, ...]:
        """A name of each image: unique, and the same each time."""

    @property
    def generated(self) -> bool:
        """Whether a recipe makes the images, so that `identity` says all about every pixel."""

    def __len__(self) -> int: ...

    def image(self, index: int) -> Image:
        """Return one image; BrokenDataError if it cannot be decoded."""

    def identity(self) -> str:
        """Return a hash of what the source would yield, without reading any image."""


@dataclass(frozen=True)
class Layout:
    """One kind of folder: how it is recognised and opened."""

    title: str
    recognises: Callable[[Path], bool]
    opens: Callable[[str, Path, int | None], Source]


LAYOUTS: tuple[Layout, ...] = (  # the first that recognises a folder opens it
    Layout("a folder with labels.csv (file,class_index) in it or beside it", holds_labelled_files, open_labelled_files),
    Layout("a folder with one folder of images per class", holds_class_folders, open_folder_tree),
)
_SPLITS = {SCENES: "validation", TRAINING_SCENES: "training"}
ALLOWED = "; or ".join((f"{SCENES!r} (the generated scenes)", *(layout.title for layout in LAYOUTS)))


def open_source(text: str, *, classes: int | None = None) -> Source:
    """Open the generated scenes (`scenes`) or a folder of images, recognised by what is in it.

    `scenes:training` are the scenes that one trains on. `classes`, how many the network tells apart, bounds the
    indices of a `labels.csv` and is then the number of its classes; class folders and scenes have their own, but for
    folders named by wnid where they are 1,000: these are then ImageNet's, however few are there. InvalidSettingError
    if nothing is named, MissingFileError if there is no such folder, BrokenDataError if it is there but malformed.
    """
    split = _SPLITS.get(text.strip())
    return _scenes(split) if split else _open_folder(text, classes)


def _scenes(split: str) -> Source:
    from core.data.scenes import ScenesSource  # drawing is loaded by those who want scenes

    return ScenesSource(split)


def _open_folder(text: str, classes: int | None) -> Source:
    folder = _existing(text)
    for layout in LAYOUTS:
        if layout.recognises(folder):
            return layout.opens(text, folder, classes)
    raise _unrecognised(folder)


def _existing(text: str) -> Path:
    folder = Path(text.strip()).expanduser()
    if not text.strip():
        raise InvalidSettingError("no data was named", ALLOWED, "name one of these")
    if not folder.exists():
        raise MissingFileError(f"there is no folder {folder}", ALLOWED, "check the spelling, or mount the disk")
    if not folder.is_dir():
        raise BrokenDataError(f"{folder} is a file", ALLOWED, f"give its folder ({folder.parent}) if that is meant")
    return folder


def _unrecognised(folder: Path) -> BrokenDataError:
    if not entries(folder):
        return BrokenDataError(f"{folder} is empty", ALLOWED, "put images there, or choose another folder")
    if any(pictures_in(folder)):
        return BrokenDataError(
            f"{folder} holds images, but nothing says which class they are of",
            ALLOWED,
            "add labels.csv, or sort the images into one folder per class",
        )
    below = [folder / name for name in class_folders(folder) if holds_class_folders(folder / name)]
    mend = f"did you mean {below[0]}?" if below else "put images there, or choose another folder"
    return BrokenDataError(f"{folder} holds no images (jpg, jpeg, png)", ALLOWED, mend)
