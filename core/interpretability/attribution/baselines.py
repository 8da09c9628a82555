"""Where the path to an image begins: pixels in, pixels out, so that no one needs to know the normalisation.

`network.inputs(BASELINES["black"](pixels))` is what `attribute` wants.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def black(pixels: Tensor) -> Tensor:
    """Return black pictures of the same shape."""
    return pixels.new_zeros(pixels.shape)


BASELINES: dict[str, Callable[[Tensor], Tensor]] = {"black": black}
