"""Folders named by number: whether these are the numbers of classes, or names like any other."""

from __future__ import annotations

import re
from collections.abc import Sequence

IMAGENETS = 1000


def are_numbers(names: Sequence[str]) -> bool:
    """Whether all names are whole numbers, written without leading zeros."""
    return bool(names) and all(re.fullmatch(r"0|[1-9][0-9]{0,5}", name) for name in names)


def may_be_numbers(names: Sequence[str], classes: int | None) -> bool:
    """Whether folders of these names may be those of classes by number, for a network of so many classes."""
    if not are_numbers(names) or not _in_range(names, classes):
        return False
    return _are_surely_numbers(names, classes) or not _as_many(names, classes) or _order_matters(names)


def may_be_names(names: Sequence[str], classes: int | None) -> bool:
    """Whether the place of such a folder in alphabetical order may be its class."""
    if not may_be_numbers(names, classes):
        return True
    return not _are_surely_numbers(names, classes) and _as_many(names, classes)


def _are_surely_numbers(names: Sequence[str], classes: int | None) -> bool:
    """All from 0 to 999 are ImageNet's classes, and so are any of them for a network of 1,000."""
    return classes == IMAGENETS or set(names) == set(map(str, range(IMAGENETS)))


def _in_range(names: Sequence[str], classes: int | None) -> bool:
    return classes is None or max(map(int, names)) < classes


def _as_many(names: Sequence[str], classes: int | None) -> bool:
    return classes is None or len(names) == classes


def _order_matters(names: Sequence[str]) -> bool:
    """Whether the names sort ("0", "1", "10", "2") otherwise than the numbers."""
    return sorted(names) != sorted(names, key=int)
