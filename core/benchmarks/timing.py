"""Time two ways of doing one thing in turns, so that a busy moment of the machine hits both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """Rates of two ways to do the same work; `spread` is (largest - smallest) / median of the ratio over rounds."""

    name: str
    ours: float
    reference: float
    against: str  # what the reference is
    unit: str
    ratio: float
    spread: float
    device: str


def compare(
    name: str,
    ours: Callable[[], int],
    reference: Callable[[], int],
    *,
    against: str,
    unit: str,
    device: str,
    rounds: int = 3,
) -> Comparison:
    """Run both `rounds` times in turns after one warm-up each; each returns how many items it did."""
    ours(), reference()
    pairs = [(_rate(ours), _rate(reference)) for _ in range(rounds)]
    ratios = [mine / other for mine, other in pairs]
    ratio = statistics.median(ratios)
    return Comparison(
        name=name,
        ours=statistics.median(mine for mine, _ in pairs),
        reference=statistics.median(other for _, other in pairs),
        against=against,
        unit=unit,
        ratio=ratio,
        spread=(max(ratios) - min(ratios)) / ratio,
        device=device,
    )


def _rate(work: Callable[[], int]) -> float:
    began = time.perf_counter()
    items = work()
    return items / (time.perf_counter() - began)
