"""How the rate rises over the steps of iterative pruning. Knows no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from core.pruning.settings import Pruning


@dataclass(frozen=True)
class Spacing:
    """A way from nothing to the final rate: `at(rate, done)` is the rate when a share `done` of the steps is made."""

    name: str
    title: str
    meaning: str
    at: Callable[[float, float], float]


SPACINGS: dict[str, Spacing] = {
    spacing.name: spacing
    for spacing in (
        Spacing("linear", "Linear", "the same share of the whole in each step", lambda rate, done: rate * done),
        Spacing(
            "geometric",
            "Geometric",
            "the same share of what is left in each step (a relative rate)",
            lambda rate, done: 1 - (1 - rate) ** done,
        ),
        Spacing(
            "cubic",
            "Cubic (AGP)",
            "much at first, little at the end (automated gradual pruning: Zhu & Gupta 2017, eq. 1)",
            lambda rate, done: rate * (1 - (1 - done) ** 3),
        ),
    )
}


def stages(pruning: Pruning, steps: int, spacing: str = "linear") -> tuple[Pruning, ...]:
    """Return what is pruned in each of `steps` steps, the last of them `pruning` itself; rates of layers rise alike."""
    return (*(_part(pruning, SPACINGS[spacing], step / steps) for step in range(1, steps)), pruning)


def _part(pruning: Pruning, spacing: Spacing, done: float) -> Pruning:
    layer_rates = tuple((name, spacing.at(rate, done)) for name, rate in pruning.layer_rates)
    return replace(pruning, rate=spacing.at(pruning.rate, done), layer_rates=layer_rates)
