"""What a kind of source is: how it is recognised from what is there, and opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.data.protocol import Source

# What a class's index is: the place of its folder, a number in a table, the place in the data's own list of classes.
Numbering = Literal["folders", "index", "list"]


@dataclass(frozen=True)
class Layout:
    """One way in which images and their classes lie on a disk.

    Both functions are told how many classes the network tells apart, where that is known.
    """

    name: str  # NAME:PATH opens a path in this layout, whatever else it may be
    title: str
    numbering: Numbering
    recognises: Callable[[Path, int | None], bool]
    opens: Callable[[str, Path, int | None], Source]
