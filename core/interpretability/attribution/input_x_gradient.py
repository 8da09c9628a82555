"""Input x Gradient (Shrikumar et al. 2016, arXiv 1605.01713)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.interpretability.attribution.method import Method, Query, summed

if TYPE_CHECKING:
    from torch import Tensor


def input_x_gradient(query: Query) -> Tensor:
    """Return the product of input and gradient, summed over the channels: (n, h, w)."""
    from captum.attr import InputXGradient

    values: Tensor = InputXGradient(query.module).attribute(query.leaf(), target=query.targets)
    return summed(values.detach())


INPUT_X_GRADIENT = Method(
    name="ixg",
    title="Input x Gradient",
    meaning="What the pixel would contribute to the logit if the network were linear around this image.",
    limits="Mid-tones vanish, as their normalised value is near zero; the parts do not add up to the logit.",
    unit="logit",
    signed=True,
    explain=input_x_gradient,
)
