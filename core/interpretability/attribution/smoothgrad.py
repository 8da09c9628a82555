"""SmoothGrad: the gradient averaged over noisy copies of the image (Smilkov et al. 2017, arXiv 1706.03825)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.interpretability.attribution.method import BATCH, Method, Number, Query, passes, strongest
from core.interpretability.attribution.saliency import gradient

if TYPE_CHECKING:
    from torch import Tensor


def smoothgrad(query: Query, *, samples: int, noise: float) -> Tensor:
    """Return the magnitude of the mean gradient over `samples` noisy copies, the largest channel: (n, h, w).

    `noise` is the standard deviation as a share of the range of the image's own input values. Every image and every
    network sees the same noise of one seed: maps can be compared, and do not depend on the rest of the batch.
    """
    import torch

    return torch.cat([strongest(noisy_gradients(one, samples, noise).mean(0, keepdim=True)) for one in query.split(1)])


def noisy_gradients(one: Query, samples: int, noise: float) -> Tensor:
    """Return the gradients at noisy copies of the query's one image: (samples, 3, h, w)."""
    import torch

    image = one.inputs
    spread = noise * (image.amax() - image.amin())
    points = image + spread * _standard_noise(samples, image, one.seed)
    copies = replace(one, inputs=points, targets=one.targets.expand(samples), baselines=None)
    return torch.cat([gradient(part) for part in copies.split(BATCH)])


def _standard_noise(samples: int, image: Tensor, seed: int) -> Tensor:
    """Draw on the CPU from a generator of its own: the same on every device, the global one untouched."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    return torch.randn((samples, *image.shape[1:]), generator=generator).to(image.device)


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
    parameters=(
        Number("samples", "Samples", "Noisy copies of the image.", 25, 1, 200, whole=True),
        Number("noise", "Noise", "Standard deviation as a share of the image's range of values.", 0.15, 0.0, 0.5),
    ),
)
