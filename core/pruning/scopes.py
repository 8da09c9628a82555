"""How a rate is shared out over the layers: the same in each, or by one ranking. A new scope is one more entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from core.pruning.techniques import Technique

Shares = Callable[["Mapping[str, Tensor]", "Mapping[str, float]", "Technique"], "dict[str, Tensor]"]


@dataclass(frozen=True)
class Scope:
    """A way to choose which groups stay.

    `kept(scores, rates, technique)` takes the scores of the groups and the rate of each layer and returns, in the
    shape of the scores, True for a group that stays. `compares` says that scores of different layers are ranked
    against each other, so that they have to be comparable.
    """

    name: str
    title: str
    meaning: str
    kept: Shares
    compares: bool


def _local(scores: Mapping[str, Tensor], rates: Mapping[str, float], technique: Technique) -> dict[str, Tensor]:
    return {name: _keep(score, rates[name], technique) for name, score in scores.items()}


def _global(scores: Mapping[str, Tensor], rates: Mapping[str, float], technique: Technique) -> dict[str, Tensor]:
    """Rank all groups together; a layer of weak groups may lose them all, which its layer sparsity then shows."""
    import torch

    pool = torch.cat([score.flatten() for score in scores.values()])
    kept = _keep(pool, max(rates.values()), technique)  # they are all the same: layer rates make the ranking local
    parts = torch.split(kept, [score.numel() for score in scores.values()])
    return {name: part.view(score.shape) for (name, score), part in zip(scores.items(), parts, strict=True)}


def _keep(scores: Tensor, rate: float, technique: Technique) -> Tensor:
    """Keep the groups of the highest scores; ties are broken as `torch.topk` breaks them.

    `torch.nn.utils.prune` removes the lowest single weights but keeps the highest channels. With equal scores at
    the threshold the two differ, so each is done as it does it.
    """
    import torch

    flat, removed = scores.flatten(), technique.removed(rate, scores.numel())
    lowest_go = technique.dim is None
    chosen = flat.topk(removed if lowest_go else len(flat) - removed, largest=not lowest_go).indices
    kept = torch.full_like(flat, lowest_go, dtype=torch.bool).index_fill_(0, chosen, not lowest_go)
    return kept.view(scores.shape)


SCOPES: dict[str, Scope] = {
    scope.name: scope
    for scope in (
        Scope("local", "Local", "the same rate in each layer", _local, compares=False),
        Scope("global", "Global", "one ranking over all layers", _global, compares=True),
    )
}
