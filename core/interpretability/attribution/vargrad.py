"""VarGrad: the variance of the gradient over noisy copies (Adebayo et al. 2018, arXiv 1810.03307, appendix)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.interpretability.attribution.method import Method, Query, passes, strongest
from core.interpretability.attribution.noise import COPIES, noisy_gradients

if TYPE_CHECKING:
    from torch import Tensor


def vargrad(query: Query, *, samples: int, noise: float) -> Tensor:
    """Return the variance of the gradient over `samples` noisy copies, the largest channel: (1, h, w).

    Summed as deviations from the first gradient, so that what all copies share cancels before it is squared.
    """
    import torch

    first: Tensor | None = None
    total, squares = torch.zeros_like(query.inputs), torch.zeros_like(query.inputs)
    for gradients in noisy_gradients(query, samples, noise):
        first = gradients[:1] if first is None else first
        total += (gradients - first).sum(0, keepdim=True)
        squares += (gradients - first).square().sum(0, keepdim=True)
    variance = squares / samples - (total / samples) ** 2
    return strongest(variance.clamp(min=0))


VARGRAD = Method(
    name="vargrad",
    title="VarGrad",
    meaning="How much the gradient at this pixel varies over noisy copies of the image.",
    limits="Not the sign nor the size of the effect: a pixel of strong and steady effect stays dark.",
    unit="squared logit per squared unit of input",
    signed=False,
    explain=vargrad,
    cost=passes("samples"),
    random=True,
    one_by_one=True,
    parameters=COPIES,
)
