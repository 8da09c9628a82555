"""SmoothGrad: the gradient averaged over noisy copies of the image (Smilkov et al. 2017, arXiv 1706.03825)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.interpretability.attribution.method import Method, Query, passes, strongest
from core.interpretability.attribution.noise import COPIES, noisy_gradients

if TYPE_CHECKING:
    from torch import Tensor


def smoothgrad(query: Query, *, samples: int, noise: float) -> Tensor:
    """Return the magnitude of the mean gradient over `samples` noisy copies, the largest channel: (1, h, w)."""
    import torch

    total = torch.zeros_like(query.inputs)
    for gradients in noisy_gradients(query, samples, noise):
        total += gradients.sum(0, keepdim=True)
    return strongest(total / samples)


SMOOTHGRAD = Method(
    name="smoothgrad",
    title="SmoothGrad",
    meaning="Saliency averaged over noisy copies of the image: what stays is what does not hang on single pixels.",
    limits="Not the sign; and the network never saw such noise, so with much of it the map is about other images.",
    unit="logit per unit of input",
    signed=False,
    explain=smoothgrad,
    cost=passes("samples"),
    random=True,
    one_by_one=True,
    parameters=COPIES,
)
