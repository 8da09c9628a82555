"""What is removed as one piece: single weights, filters, or input channels. A new technique is one more entry."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


def nearest(rate: float, count: int) -> int:
    """Return rate x count, rounded half to even: `torch.nn.utils.prune`'s convention."""
    return round(rate * count)


def at_most(rate: float, count: int) -> int:
    """Return rate x count, rounded down: the published convention of connection sparsity."""
    return math.floor(rate * count)


@dataclass(frozen=True)
class Technique:
    """A way to cut a weight (out, in, h, w) into groups that are removed as a whole."""

    name: str
    title: str
    meaning: str
    dim: int | None  # a group is one index of this dimension; None: a group is a single weight
    removed: Callable[[float, int], int]  # (rate, groups) -> groups to remove
    rates: tuple[float, ...]  # a useful range to begin with, for networks that are not retrained

    @property
    def removes_outputs(self) -> bool:
        """Whether a group is an output channel, so that batch norm or a bias may go with it."""
        return self.dim == 0


_COARSE = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_FINE = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)

TECHNIQUES: dict[str, Technique] = {
    technique.name: technique
    for technique in (
        Technique("unstructured", "Unstructured", "single weights", None, nearest, _COARSE),
        Technique("structured", "Structured", "filters (output channels)", 0, nearest, _FINE),
        Technique("connection", "Connection sparsity", "input channels of a layer", 1, at_most, _FINE),
    )
}
