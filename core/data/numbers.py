"""Folders named by number: in which ways such numbers may be classes of a network."""

from __future__ import annotations

import re
from collections.abc import Sequence

IMAGENETS = 1000


def are_numbers(names: Sequence[str]) -> bool:
    """Whether all names are whole numbers, written without leading zeros."""
    return bool(names) and all(re.fullmatch(r"0|[1-9][0-9]{0,5}", name) for name in names)


def are_all_of_imagenet(names: Sequence[str]) -> bool:
    """Whether these are all the numbers from 0 to 999: ImageNet-V2's folders."""
    return set(names) == set(map(str, range(IMAGENETS)))


def may_count_from_one(names: Sequence[str], classes: int) -> bool:
    """Whether numbers look counted from 1: they are 1 to k, or there is one more than a network's highest, and no 0."""
    numbers = set(map(int, names))
    return 0 not in numbers and (numbers == set(range(1, len(numbers) + 1)) or max(numbers) == classes)
