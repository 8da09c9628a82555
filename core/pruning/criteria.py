"""What is removed first: each criterion scores the groups of a weight, low scores go. A new one is one more entry.

torch is imported where a score needs more than a tensor's own methods, so that settings can read the names without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Criterion:
    """A score for every group of weights that is removed as a whole.

    `score(weight, dim, seed)` returns one value per index of `dim`, or one per weight, in the weight's shape, where
    `dim` is None. A group of g equal weights scores in proportion to g ** `growth`; a ranking over groups of
    different size divides by that.
    """

    name: str
    title: str
    meaning: str
    score: Callable[[Tensor, int | None, int], Tensor]
    growth: float = 0.0
    seeded: bool = False
    on_single_weights: str | None = None  # the criterion that ranks single weights in the same way


def _l1(weight: Tensor, dim: int | None, seed: int) -> Tensor:
    return _norm(weight, dim, 1)


def _l2(weight: Tensor, dim: int | None, seed: int) -> Tensor:
    return _norm(weight, dim, 2)


def _norm(weight: Tensor, dim: int | None, order: int) -> Tensor:
    """Return the very values that `torch.nn.utils.prune` ranks, so that ties and rounding errors are the same."""
    if dim is None:
        return weight.abs()
    others = [d for d in range(weight.ndim) if d != dim]
    return weight.norm(p=order, dim=others)  # type: ignore[no-any-return]


def _random(weight: Tensor, dim: int | None, seed: int) -> Tensor:
    """Draw on the CPU in double precision: the same on every device, and practically without ties."""
    import torch

    shape = weight.shape if dim is None else weight.shape[dim : dim + 1]
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64).to(weight.device)


CRITERIA: dict[str, Criterion] = {
    criterion.name: criterion
    for criterion in (
        Criterion("l1", "L1 magnitude", "smallest sum of absolute weights first", _l1, growth=1.0),
        Criterion("l2", "L2 magnitude", "smallest Euclidean norm first", _l2, growth=0.5, on_single_weights="l1"),
        Criterion("random", "Random", "by lot, the same for the same seed", _random, seeded=True),
    )
}
