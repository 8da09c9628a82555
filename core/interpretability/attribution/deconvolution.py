"""Deconvolution (Zeiler & Fergus 2014, arXiv 1311.2901, section 2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.interpretability.attribution.method import Method, Query, strongest
from core.interpretability.attribution.relus import modified_gradient

if TYPE_CHECKING:
    from torch import Tensor


def deconvolution(query: Query) -> Tensor:
    """Return the magnitude of the gradient if ReLUs pass what is positive in it, whatever went in: (n, h, w)."""
    return strongest(modified_gradient(query, "Deconvolution"))


DECONVOLUTION = Method(
    name="deconv",
    title="Deconvolution",
    meaning="Which patterns of the picture would excite the network on the way to the logit.",
    limits="Which features were really active: it hardly depends on the class, and shows the pooling's pattern.",
    unit="logit per unit of input, modified gradient",
    signed=False,
    explain=deconvolution,
)
