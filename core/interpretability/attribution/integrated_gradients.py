"""Integrated Gradients (Sundararajan, Taly & Yan 2017, arXiv 1703.01365, equation 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.interpretability.attribution.method import Method, Number, Query, passes, summed

if TYPE_CHECKING:
    from torch import Tensor


def integrated_gradients(query: Query, *, steps: int) -> Tensor:
    """Return the integral of the gradient from the baseline to the image times their difference: (n, h, w).

    Gauss-Legendre quadrature with `steps` nodes; the sum over a map is the rise of the logit from the baseline.
    """
    from captum.attr import IntegratedGradients

    values: Tensor = IntegratedGradients(query.module).attribute(
        query.inputs,
        baselines=query.baselines,
        target=query.targets,
        n_steps=steps,
        internal_batch_size=query.batch,
    )
    return summed(values.detach())


INTEGRATED_GRADIENTS = Method(
    name="ig",
    title="Integrated Gradients",
    meaning="How much the pixel adds to the logit on the way from the baseline to the image; the parts add up to it.",
    limits="What the same colour as the baseline means: such pixels get nothing. Another baseline, another map.",
    unit="logit",
    signed=True,
    explain=integrated_gradients,
    cost=passes("steps"),
    parameters=(
        Number("steps", "Steps", "Points between baseline and image; more are more exact.", 50, 2, 500, whole=True),
    ),
    baseline="black",
    complete=True,
    one_by_one=True,
)
