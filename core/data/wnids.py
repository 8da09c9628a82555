"""ImageNet's class folders: which of the 1,000 classes a folder named by its wnid ("n01440764") is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from core.errors import BrokenDataError

_LIST = Path(__file__).with_name("imagenet_wnids.txt")


@cache
def imagenet_wnids() -> tuple[str, ...]:
    """Return the 1,000 wnids of ILSVRC-2012, sorted: a network's class i is the i-th of them."""
    return tuple(_LIST.read_text(encoding="ascii").split())


def is_wnid(name: str) -> bool:
    """Whether a name is written as wnids are: n and eight digits."""
    return re.fullmatch(r"n[0-9]{8}", name) is not None


def are_imagenets(names: Sequence[str], classes: int | None) -> bool:
    """Whether folders of these names are classes of a network that tells so many classes apart: ImageNet's 1,000."""
    return classes == len(imagenet_wnids()) and any(map(is_wnid, names))


def imagenet_index(name: str, folder: Path) -> int:
    """Return the class index of a wnid; BrokenDataError if it is none of the 1,000."""
    try:
        return _indices()[name]
    except KeyError:
        raise _unknown(name, folder) from None


@cache
def _indices() -> dict[str, int]:
    return {wnid: index for index, wnid in enumerate(imagenet_wnids())}


def _unknown(name: str, folder: Path) -> BrokenDataError:
    return BrokenDataError(
        f"{folder} has class folders named by wnid, and one named {name}, which is none of ImageNet's 1,000 classes",
        "the 1,000 wnids of ILSVRC-2012, any of them, from n01440764 to n15075141",
        f"take {name} away, or choose a network that tells exactly these folders apart",
    )
