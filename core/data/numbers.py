"""Numbers as the names of classes: "12", "012", "class 12", "class_12"."""

from __future__ import annotations

import re
from collections.abc import Sequence

IMAGENETS = 1000
_NUMBER = re.compile(r"(class[\s_-]*)?0*(?P<number>[0-9]{1,6})", re.IGNORECASE | re.ASCII)


def number_of(name: str) -> int | None:
    """Return the number that a name is, with or without the word "class" and leading zeros; None if it is a word."""
    found = _NUMBER.fullmatch(name.strip())
    return int(found["number"]) if found else None


def numbers_of(names: Sequence[str]) -> list[int]:
    """Return the numbers among names."""
    return [number for number in map(number_of, names) if number is not None]


def are_numbers(names: Sequence[str]) -> bool:
    """Whether all names are numbers, and no two the same."""
    return bool(names) and len(set(numbers_of(names))) == len(names)


def are_all_of_imagenet(names: Sequence[str]) -> bool:
    """Whether these are all the numbers from 0 to 999: ImageNet-V2's folders."""
    return len(names) == IMAGENETS and set(numbers_of(names)) == set(range(IMAGENETS))
