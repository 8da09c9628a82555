"""The axiom that tells a sound path method from a broken one: the parts add up to the whole."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.interpretability.attribution.method import batches
from core.interpretability.attribution.passes import passes_at_once


@torch.no_grad()
def logit_rise(module: nn.Module, inputs: Tensor, baselines: Tensor, targets: Tensor) -> Tensor:
    """Return how far the target logit rises from the baseline to the image: (n,) float64 on the CPU.

    `baselines` as the inputs (n, 3, h, w) or (1, 3, h, w); or (n or 1, draws, 3, h, w): from the mean over them.
    """
    draws = baselines if baselines.ndim == 5 else baselines[:, None]
    starts = draws.expand(len(inputs), *draws.shape[1:])
    bottoms = _logits(module, starts.flatten(0, 1), targets.repeat_interleave(draws.shape[1])).view(len(inputs), -1)
    return _logits(module, inputs, targets) - bottoms.mean(1)


def completeness_error(
    module: nn.Module, inputs: Tensor, baselines: Tensor, targets: Tensor, attributions: Tensor
) -> Tensor:
    """Return |sum of the map - rise of the logit| as a share of that rise, per image: (n,) float64 on the CPU.

    `baselines` as for `logit_rise`; `attributions` (n, h, w) or (n, 3, h, w) of a method whose maps sum to
    f(inputs) - f(baselines) (Sundararajan et al. 2017, arXiv 1703.01365, proposition 1). Where the logit does not
    rise, 0 if the map's sum is 0 too, else infinity.
    """
    rise = logit_rise(module, inputs, baselines, targets)
    gap = (attributions.double().cpu().flatten(1).sum(1) - rise).abs()
    return torch.where(gap == 0, 0.0, gap / rise.abs())


def _logits(module: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    logits: Tensor = torch.cat([module(part) for part in batches(inputs, passes_at_once(inputs))])
    return logits.gather(1, targets.to(logits.device)[:, None])[:, 0].double().cpu()
