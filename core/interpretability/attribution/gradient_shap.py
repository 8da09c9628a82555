"""GradientSHAP, or expected gradients (Lundberg & Lee 2017, arXiv 1705.07874; Erion et al. 2021, arXiv 1906.10670).

captum's own draws from the global random states of numpy and torch, so that maps would depend on what else ran.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.interpretability.attribution.method import Method, Number, Query, batches, passes, summed
from core.interpretability.attribution.saliency import gradient

if TYPE_CHECKING:
    from torch import Tensor

DRAWS = Number("draws", "Baselines", "Pictures drawn from the baseline, if it is a random one.", 10, 1, 50, whole=True)


def gradient_shap(query: Query, *, samples: int, draws: int) -> Tensor:
    """Return the mean of gradient times difference at random points between random baselines and the image: (1, h, w).

    Each sample takes one of the query's baselines, at most `draws`, and a point on the straight way from it, both
    uniformly; the samples take turns at the baselines, and a point in each of as many equal parts of the way, which
    lowers the variance. In expectation a map sums to the logit's rise from the mean over the baselines.
    """
    import torch

    baselines = query.baselines[0, :draws]  # type: ignore[index]  # checked: there are some
    which, along = _points(len(baselines), samples, query.seed)
    total = torch.zeros_like(query.inputs)
    for chosen, share in zip(batches(which, query.batch), batches(along, query.batch), strict=True):
        steps = query.inputs - baselines[chosen.to(baselines.device)]
        points = query.inputs - (1 - share.to(steps.device)) * steps
        total += (steps * gradient(query.at(points))).sum(0, keepdim=True)
    return summed(total / samples)


def _points(baselines: int, samples: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draw the index of a baseline (samples,) and the share of the way from it (samples, 1, 1, 1) for each sample."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    turns = torch.arange(samples) + torch.randint(baselines, (1,), generator=generator)
    which = (turns % baselines)[torch.randperm(samples, generator=generator)]
    along = (torch.arange(samples) + torch.rand(samples, generator=generator)) / samples
    return which, along[:, None, None, None]


GRADIENT_SHAP = Method(
    name="gradshap",
    title="GradientSHAP",
    meaning="Integrated Gradients from many baselines at random points: how much the pixel adds, on average over them.",
    limits="Exact only for many samples: the parts add up to the logit's rise in expectation. It treats pixels alone.",
    unit="logit",
    signed=True,
    explain=gradient_shap,
    cost=passes("samples"),
    baseline="noise",
    draws="draws",
    random=True,
    complete=True,
    one_by_one=True,
    parameters=(
        Number("samples", "Samples", "Random points; more are more exact.", 50, 1, 500, whole=True),
        DRAWS,
    ),
)
