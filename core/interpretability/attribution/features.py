"""Pieces of an image that are taken away together, and what the network says without them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.interpretability.attribution.method import Query, batches, channels_last

COMPACTNESS = 50.0  # of superpixels: high enough that noise does not fray them into pieces that are merged


@dataclass(frozen=True, eq=False)
class Features:
    """Which piece each pixel belongs to: `labels` (h, w) int64, 0 to `count` - 1."""

    labels: Tensor
    count: int

    @property
    def sizes(self) -> Tensor:
        """Pixels of each piece: (count,) float64 on the CPU; 0 for one that is finer than a pixel."""
        return self.labels.flatten().bincount(minlength=self.count).double().cpu()

    def spread(self, values: Tensor) -> Tensor:
        """Return a map (1, h, w) that spreads the value of each piece (count,) evenly over its pixels."""
        return (values / self.sizes.clamp(min=1)).to(self.labels.device, torch.float32)[self.labels][None]


def grid(inputs: Tensor, cells: int) -> Features:
    """Return `cells` x `cells` rectangles of the images (n, 3, h, w), as equal as whole pixels allow."""
    rows, columns = (torch.arange(size, device=inputs.device) * cells // size for size in inputs.shape[-2:])
    return Features(rows[:, None] * cells + columns, cells * cells)


def superpixels(one: Query, most: int) -> Features:
    """Return the superpixels of the query's one image, at most `most` (SLIC, Achanta et al. 2012).

    They follow the colours of the image as the network is shown it. SLIC may make more than it is asked for, in small
    images above all: it is then asked for fewer.
    """
    from skimage.segmentation import slic

    picture = _picture(one.inputs)
    for wanted in range(most, 0, -1):
        labels = slic(picture, n_segments=wanted, compactness=COMPACTNESS, sigma=1, start_label=0)
        if labels.max() < most:
            break
    return Features(torch.from_numpy(labels).long().to(one.inputs.device), int(labels.max()) + 1)


def _picture(inputs: Tensor) -> NDArray[np.float64]:  # (h, w, 3), 0..1
    low, high = inputs.aminmax()
    shares = (inputs[0] - low) / (high - low).clamp(min=1e-12)
    picture: NDArray[np.float64] = shares.permute(1, 2, 0).double().cpu().numpy()
    return picture


@torch.no_grad()
def logits_without(one: Query, features: Features, absent: Tensor) -> Tensor:
    """Return the target's logit for the image, then with `absent` pieces (m, count) bool replaced by the baseline.

    (1 + m,) float64 on the CPU. Where nothing changes, the logit is exactly the image's own: rounding is no effect.
    """
    assert one.baselines is not None  # checked: the entry names one
    differs = (one.inputs != one.baselines).any(1)
    whole = _logits(one, one.inputs)
    found = [whole]
    for part in batches(absent.to(one.inputs.device), one.batch):
        gone = part[:, features.labels] & differs
        logits = _logits(one, torch.where(gone[:, None], one.baselines, one.inputs))
        found.append(torch.where(gone.flatten(1).any(1), logits, whole))
    return torch.cat(found).double().cpu()


def _logits(one: Query, images: Tensor) -> Tensor:
    logits: Tensor = one.module(channels_last(images))
    return logits[:, one.targets[0]]
