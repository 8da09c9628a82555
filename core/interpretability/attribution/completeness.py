"""The axiom that tells a sound path method from a broken one: the parts add up to the whole."""

from __future__ import annotations

import torch
from torch import Tensor, nn


@torch.no_grad()
def completeness_error(
    module: nn.Module, inputs: Tensor, baselines: Tensor, targets: Tensor, attributions: Tensor
) -> Tensor:
    """Return |sum of the map - rise of the logit| as a share of that rise, per image: (n,) float64 on the CPU.

    `baselines` as the inputs or (1, 3, h, w); `attributions` (n, h, w) or (n, 3, h, w) of a method whose maps sum to
    f(inputs) - f(baselines) (Sundararajan et al. 2017, arXiv 1703.01365, proposition 1). Where the logit does not
    rise, 0 if the map's sum is 0 too, else infinity.
    """
    rise = (_logits(module, inputs, targets) - _logits(module, baselines.expand_as(inputs), targets)).double().cpu()
    gap = (attributions.double().cpu().flatten(1).sum(1) - rise).abs()
    return torch.where(gap == 0, 0.0, gap / rise.abs())


def _logits(module: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    logits: Tensor = module(inputs)
    return logits.gather(1, targets.to(logits.device)[:, None])[:, 0]
