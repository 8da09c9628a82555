"""ImageNet's 1,000 classes: their wnids, as class folders are named ("n01440764"), and their names in words."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_LIST = Path(__file__).with_name("imagenet_wnids.txt")


@cache
def imagenet_wnids() -> tuple[str, ...]:
    """Return the 1,000 wnids of ILSVRC-2012, sorted: the order in which its networks number the classes."""
    return tuple(_LIST.read_text(encoding="ascii").split())


@cache
def imagenet_names() -> tuple[str, ...]:
    """Return the names of the 1,000 classes in the same order, as torchvision's weights have them."""
    import core.operators  # noqa: F401  (before anything imports torchvision)

    # isort: split
    from torchvision.models import GoogLeNet_Weights  # by those alone who compare names with ImageNet's

    return tuple(GoogLeNet_Weights.IMAGENET1K_V1.meta["categories"])


@cache
def wnid_places() -> dict[str, int]:
    """Return the place of each wnid among the 1,000."""
    return {wnid: place for place, wnid in enumerate(imagenet_wnids())}


def is_wnid(name: str) -> bool:
    """Whether a name is written as wnids are: n and eight digits."""
    return re.fullmatch(r"n[0-9]{8}", name) is not None
