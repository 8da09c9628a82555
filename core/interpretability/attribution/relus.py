"""The gradient with another rule for ReLUs, by captum."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

    from core.interpretability.attribution.method import Query

# captum announces at every call that it sets hooks and takes them away again; a test sees to the second half.
warnings.filterwarnings("ignore", "Setting backward hooks on ReLU activations", UserWarning)


def modified_gradient(query: Query, rule: Literal["GuidedBackprop", "Deconvolution"]) -> Tensor:
    """Return the gradient of the target logits by captum's method of that name: (n, 3, h, w).

    Only ReLUs that are modules are seen: torchvision's own GoogLeNet has none and would yield the plain gradient.
    """
    from captum import attr

    values: Tensor = getattr(attr, rule)(query.module).attribute(query.leaf(), target=query.targets)
    return values
