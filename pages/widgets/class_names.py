"""The classes of a network by names that are told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def by_class_name(names: Sequence[str], indices: Sequence[int]) -> dict[str, int]:
    """Return these classes of the network's `names`; one of several of the same name by name and index."""
    often = Counter(names)
    return {names[index] if often[names[index]] == 1 else f"{names[index]} ({index})": index for index in indices}
