"""DeepLIFT with the rescale rule (Shrikumar, Greenside & Kundaje 2017, arXiv 1704.02685, section 3.5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.interpretability.attribution.method import Cost, Method, Query, summed

if TYPE_CHECKING:
    from torch import Tensor


def contributions(query: Query) -> Tensor:
    """Return each input value's share of the logit's rise from the baseline: (n, 3, h, w), which sum to it."""
    from core.interpretability.attribution.rescale import rescaled
    from core.interpretability.attribution.saliency import gradient

    assert query.baselines is not None  # checked: the entry names one
    with rescaled(query.module, query.baselines):
        multipliers = gradient(query)
    return (query.inputs - query.baselines) * multipliers


def deeplift(query: Query) -> Tensor:
    """Return the contributions, summed over the channels: (n, h, w)."""
    return summed(contributions(query))


DEEPLIFT = Method(
    name="deeplift",
    title="DeepLIFT",
    meaning="How much the pixel adds to the logit against the baseline, passed back unit by unit; the parts add up.",
    limits="What units do only together: each counts as linear from baseline to image. Another baseline, another map.",
    unit="logit",
    signed=True,
    explain=deeplift,
    # As DeepLIFT is run, image and baseline together. Here the baseline's pass needs no gradient, but the rules take
    # the time that this saves.
    cost=lambda parameters: Cost(2, 2),
    baseline="black",
    complete=True,
)
