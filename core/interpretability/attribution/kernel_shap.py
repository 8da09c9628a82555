"""Kernel SHAP on superpixels (Lundberg & Lee 2017, arXiv 1705.07874, theorem 2).

captum's draws from torch's global random state and holds the sum to f(image) - f(baseline) by a weight of a million;
here the generator is the call's own, the sum is a constraint, and coalitions come in complementary pairs, which
halves the variance (Covert & Lee 2021, arXiv 2012.01536, sections 3.1 and 4.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.interpretability.attribution.ablation import SUPERPIXELS
from core.interpretability.attribution.method import Cost, Method, Number, Query

if TYPE_CHECKING:
    from torch import Tensor


def kernel_shap(query: Query, *, superpixels: int, samples: int) -> Tensor:
    """Return the Shapley value of the pixel's superpixel, spread evenly over it: (1, h, w).

    The players are superpixels, the game is the logit with the absent ones replaced by the baseline; the values are
    a least-squares fit to `samples` coalitions and sum to the logit's rise from the baseline.
    """
    import torch

    from core.interpretability.attribution import features

    pieces = features.superpixels(query, superpixels)
    present = coalitions(pieces.count, samples, query.seed)
    nobody = torch.zeros((1, pieces.count), dtype=torch.bool)
    logits = features.logits_without(query, pieces, ~torch.cat([nobody, present]))
    rise, worths = logits[0] - logits[1], logits[2:] - logits[1]
    return pieces.spread(shapley_values(present, worths, rise))


def coalitions(players: int, samples: int, seed: int) -> Tensor:
    """Draw coalitions (samples, players) bool, each followed by its complement, sized by the Shapley kernel.

    A size k from 1 to players - 1 has probability proportional to 1 / (k (players - k)); then all members are equally
    likely. One player alone forms no coalition but that of all.
    """
    import torch

    if players == 1:
        return torch.ones((samples, 1), dtype=torch.bool)
    generator, pairs = torch.Generator().manual_seed(seed), (samples + 1) // 2
    sizes = torch.arange(1, players)
    chosen = torch.multinomial(1 / (sizes * (players - sizes)), pairs, replacement=True, generator=generator)
    ranks = torch.rand((pairs, players), generator=generator).argsort(1)
    members = ranks < sizes[chosen][:, None]
    return torch.stack([members, ~members], 1).flatten(0, 1)[:samples]


def shapley_values(present: Tensor, worths: Tensor, rise: Tensor) -> Tensor:
    """Fit worths (samples,) of coalitions `present` (samples, players) by a sum of values that sum to `rise`.

    Equal shares of the rise, plus what the fit adds to them: least squares over values that sum to 0, the smallest
    ones where the coalitions leave them open.
    """
    import torch

    members = present.double()
    share = members.mean(1, keepdim=True)
    fit = torch.linalg.pinv(members - share) @ (worths - rise * share[:, 0])
    values: Tensor = rise / members.shape[1] + fit
    return values


KERNEL_SHAP = Method(
    name="kernelshap",
    title="Kernel SHAP",
    meaning="A fair share of the logit's rise from the baseline for each region of like colour; the shares add up.",
    limits="Nothing finer than the regions; the shares are estimates, and most coalitions are strange pictures.",
    unit="logit",
    signed=True,
    explain=kernel_shap,
    cost=lambda parameters: Cost(int(parameters["samples"]) + 2, 0),
    baseline="mean",
    random=True,
    complete=True,
    one_by_one=True,
    parameters=(
        Number("superpixels", "Superpixels", SUPERPIXELS, 30, 2, 100, whole=True),
        Number("samples", "Coalitions", "Pictures with some regions absent; more are more exact.", 250, 2, 2000, True),
    ),
)
