"""Feature ablation on superpixels: captum's FeatureAblation with a mask from SLIC, in exactly as many passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.interpretability.attribution.method import Cost, Method, Number, Query

if TYPE_CHECKING:
    from torch import Tensor


def ablation(query: Query, *, superpixels: int) -> Tensor:
    """Return how far the logit falls when the pixel's superpixel is replaced by the baseline: (1, h, w).

    The fall is spread evenly over the superpixel, so that maps with few and with many of them can be compared.
    """
    import torch

    from core.interpretability.attribution import features

    pieces = features.superpixels(query, superpixels)
    logits = features.logits_without(query, pieces, torch.eye(pieces.count, dtype=torch.bool))
    return pieces.spread(logits[0] - logits[1:])


SUPERPIXELS = "At most so many regions of like colour, the pieces that are taken away together."

ABLATION = Method(
    name="ablation",
    title="Feature ablation",
    meaning="How far the logit falls when this region of like colour is replaced by the baseline.",
    limits="Nothing finer than the regions, nor what the network could read off another region just as well.",
    unit="logit",
    signed=True,
    explain=ablation,
    cost=lambda parameters: Cost(int(parameters["superpixels"]) + 1, 0),
    baseline="mean",
    one_by_one=True,
    parameters=(Number("superpixels", "Superpixels", SUPERPIXELS, 50, 2, 300, whole=True),),
)
