"""Boxes around objects from ImageNet's annotations: one XML file an image, in pixels of the original image."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from core.data.boxes import Box, union
from core.data.disk import entries, unreadable
from core.data.tables import places
from core.errors import BrokenDataError

MAX_BYTES = 2**20
_FOLDERS = (  # as the archives unpack: bbox_val_v3, the challenge of later years, Kaggle's
    "ILSVRC2012_bbox_val_v3/val",
    "ILSVRC2012_bbox_val_v3",
    "Annotations/CLS-LOC/val",
)
_KAGGLE = ("Data", "CLS-LOC", "val")  # beside Annotations/CLS-LOC/val
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class Annotations:
    """The annotations in a folder: `<image>.xml` for `<image>.JPEG`."""

    folder: Path
    kind: str = "boxes"

    def mask(self, name: str, picture: Callable[[], Image]) -> NDArray[np.bool_] | None:
        """Return what lies in one of an image's boxes, brought to the size that it is stored in; None without a file.

        Raises BrokenDataError if the file is malformed.
        """
        file = self.folder / f"{PurePosixPath(name).stem}.xml"
        if not file.is_file():
            return None
        width, height = picture().size
        return union(_boxes(file, width, height), width, height)


def find_annotations(where: Path, names: tuple[str, ...]) -> Annotations | None:
    """Return the annotations that lie among the images or beside them and say something of one of them."""
    folders = [place / folder for place in places(where) for folder in _FOLDERS]
    if where.resolve().parts[-3:] == _KAGGLE:
        folders.append(where.resolve().parents[2] / "Annotations" / "CLS-LOC" / "val")
    here = (Annotations(folder) for folder in folders if folder.is_dir())
    return next((one for one in here if _says_something(one, names)), None)


def _says_something(annotations: Annotations, names: tuple[str, ...]) -> bool:
    files = {f"{PurePosixPath(name).stem}.xml" for name in names}
    return any(entry.name in files for entry in entries(annotations.folder))


def _boxes(file: Path, width: int, height: int) -> list[Box]:
    """Return the boxes in an annotation, scaled to an image of width x height."""
    try:
        root = ElementTree.fromstring(_text(file))
        wide, high = (float(root.findtext(f"size/{side}", "")) for side in ("width", "height"))
        corners = [[float(box.findtext(corner, "")) for corner in _CORNERS] for box in root.iter("bndbox")]
        return [_scaled(one, width / wide, height / high) for one in corners]
    except (ElementTree.ParseError, ValueError, ZeroDivisionError) as error:
        raise _malformed(file, str(error)) from error


def _text(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise unreadable(file, error) from error
    if len(text) > MAX_BYTES or b"<!" in text:
        raise _malformed(file, "it is too long, or declares a document type")  # whose entities may grow without end
    return text


def _scaled(corners: list[float], across: float, down: float) -> Box:
    box = Box(corners[0] * across, corners[1] * down, corners[2] * across, corners[3] * down)
    if all(map(math.isfinite, box)) and box.x0 < box.x1 and box.y0 < box.y1:
        return box
    raise ValueError(f"the corners {corners}")


def _malformed(file: Path, why: str) -> BrokenDataError:
    return BrokenDataError(
        f"{file} is no annotation of boxes: {why}",
        "ImageNet's XML: size/width, size/height, and xmin < xmax, ymin < ymax of each bndbox",
        "download it again, or take it away",
    )
