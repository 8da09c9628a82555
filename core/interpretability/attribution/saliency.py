"""Saliency: the plain gradient (Simonyan, Vedaldi & Zisserman 2014, arXiv 1312.6034)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.interpretability.attribution.method import Method, Query, strongest

if TYPE_CHECKING:
    from torch import Tensor


def gradient(query: Query) -> Tensor:
    """Return the gradient of each image's target logit with respect to its input: (n, 3, h, w)."""
    from captum.attr import Saliency

    values: Tensor = Saliency(query.module).attribute(query.leaf(), target=query.targets, abs=False)
    return values


def saliency(query: Query) -> Tensor:
    """Return the magnitude of the gradient, the largest of the three channels: (n, h, w)."""
    return strongest(gradient(query))


SALIENCY = Method(
    name="saliency",
    title="Saliency",
    meaning="How strongly the logit reacts to a tiny change of this pixel.",
    limits="Not whether the pixel speaks for or against the class, nor what happens under larger changes; it is noisy.",
    unit="logit per unit of input",
    signed=False,
    explain=saliency,
)
