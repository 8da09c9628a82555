"""What a kind of source is: how it is recognised from what is there, and opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.data.protocol import Source

# What says which class of a network a class of the data is: the name of its folder, that name as a number counted from
# 0 or from 1, its number in a table, its name in the data's own list of classes.
Numbering = Literal["folders", "numbers", "from1", "index", "list"]


@dataclass(frozen=True)
class Layout:
    """One way in which images and their classes lie on a disk; `opens` numbers the classes as the data do."""

    name: str  # NAME:PATH opens a path in this layout, whatever else it may be
    title: str
    numbering: Numbering
    recognises: Callable[[Path], bool]
    opens: Callable[[str, Path], Source]
