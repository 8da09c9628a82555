"""Gradients at noisy copies of an image, which SmoothGrad averages and VarGrad takes the variance of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.interpretability.attribution.method import Number, Query
from core.interpretability.attribution.saliency import gradient

if TYPE_CHECKING:
    from torch import Generator, Tensor

COPIES = (
    Number("samples", "Samples", "Noisy copies of the image.", 25, 1, 200, whole=True),
    Number("noise", "Noise", "Standard deviation as a share of the image's range of values.", 0.15, 0.0, 0.5),
)


def noisy_gradients(one: Query, samples: int, noise: float) -> Iterator[Tensor]:
    """Yield the gradients at noisy copies of the query's one image, batch by batch: (m, 3, h, w), `samples` in all.

    `noise` is the standard deviation as a share of the range of the image's own input values. Every image and every
    network sees the same noise of one seed: maps can be compared, and do not depend on the rest of the batch.
    """
    import torch

    generator = torch.Generator().manual_seed(one.seed)  # of its own, on the CPU: the same noise on every device
    spread = noise * (one.inputs.amax() - one.inputs.amin())
    for start in range(0, samples, one.batch):
        draws = _standard_noise(min(one.batch, samples - start), one.inputs, generator)
        yield gradient(one.at(one.inputs + spread * draws))


def _standard_noise(count: int, image: Tensor, generator: Generator) -> Tensor:
    """Draw copy by copy: the numbers do not depend on how many are drawn at once."""
    import torch

    return torch.stack([torch.randn(image.shape[1:], generator=generator) for _ in range(count)]).to(image.device)
