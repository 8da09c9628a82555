"""Boxes around the objects in images, from a table `boxes.csv`."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.data.shelf import Shelf
from core.data.tables import Cells, read_table, shown
from core.errors import BrokenDataError

BOXES = "boxes.csv"


class Box(NamedTuple):
    """Corners in pixels of the stored image, of which the first lies from 0 to 1."""

    x0: float
    y0: float
    x1: float
    y1: float


def read_boxes(table: Path, shelf: Shelf, files: Collection[str]) -> dict[str, list[Box]]:
    """Return the boxes of each image from a table (columns file,x0,y0,x1,y1; one line a box, several a file allowed).

    `files` are the source's images on the shelf; images there that are not among them are allowed, and a table beside
    the shelf that names none of its images belongs to another one: no boxes. BrokenDataError for a line that names no
    image there, or whose corners are not numbers or enclose nothing.
    """
    found: dict[str, list[Box]] = {}
    lines: dict[str, int] = {}
    for number, cells in read_table(table, ("file", *Box._fields)):
        file = str(PurePosixPath(cells.get("file", "")))
        lines.setdefault(file, number)
        found.setdefault(file, []).append(_box(cells, table, number))
    known = found.keys() & set(files)
    if known or table.parent == shelf.where:
        _require_files({file: line for file, line in lines.items() if file not in known}, shelf, table)
    return {file: found[file] for file in known}


def union(boxes: Sequence[Box], width: int, height: int) -> NDArray[np.bool_]:
    """Return which pixels (height, width) have their centre in one of the boxes; what lies outside the image is cut.

    A box too narrow to hold a centre covers the pixel that it begins nearest to.
    """
    mask = np.zeros((height, width), np.bool_)
    for box in boxes:
        mask[_span(box.y0, box.y1), _span(box.x0, box.x1)] = True
    return mask


def _span(low: float, high: float) -> slice:
    first = math.ceil(low - 0.5)
    return slice(max(0, first), max(0, first + 1, math.ceil(high - 0.5)))


def _box(cells: Cells, table: Path, number: int) -> Box:
    try:
        box = Box(*(float(cells[corner]) for corner in Box._fields))
    except (KeyError, ValueError):
        box = Box(math.nan, math.nan, math.nan, math.nan)
    if all(map(math.isfinite, box)) and box.x0 < box.x1 and box.y0 < box.y1:
        return box
    corners = ",".join(cells.get(corner, "") for corner in Box._fields)
    raise BrokenDataError(
        f"{table} line {number} has the corners {shown(corners)!r}",
        "x0,y0,x1,y1 in pixels, numbers with x0 < x1 and y0 < y1",
        "correct the line or take it away",
    )


def _require_files(lines: dict[str, int], shelf: Shelf, table: Path) -> None:
    missing = [file for file in lines if not shelf.holds(file)]
    if missing:
        raise BrokenDataError(
            f"{table} line {lines[missing[0]]} names {shown(missing[0])!r}, which is not in {shelf.where}"
            + (f" ({len(missing):,} files are missing in all)" if missing[1:] else ""),
            "files that are there",
            "correct the name, or take its lines away",
        )
