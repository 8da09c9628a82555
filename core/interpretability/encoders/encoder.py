"""What all encoders share: pixels in, rows of unit length out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import BrokenDataError
from core.interpretability.inspection import one_at_a_time


@dataclass(frozen=True, eq=False)
class Encoder:
    """An encoder ready on a device; the cosine similarity of two images is the product of their embeddings."""

    name: str
    sha256: str  # of its weights
    device: str
    features: Callable[[Tensor], Tensor]  # pixels (n, h, w, 3) uint8 on the device -> (n, d)

    def embed(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the embeddings (n, d) of images (n, h, w, 3) as a network is shown them, each of unit length.

        Raises BrokenDataError for one that is zero or not finite: it resembles nothing.
        """
        with one_at_a_time(self.device), torch.inference_mode():
            found = self.features(torch.from_numpy(pixels).to(self.device)).float().cpu()
        rows: NDArray[np.float32] = unit_length(found, self.name).numpy()
        return rows


def unit_length(features: Tensor, name: str) -> Tensor:
    """Return rows (n, d) divided by their length; see `Encoder.embed` for the error."""
    length = torch.linalg.vector_norm(features, dim=1, keepdim=True)
    bad = int((~length.isfinite() | (length == 0)).sum())
    if bad:
        raise BrokenDataError(
            f"the {name} features of {bad} of {len(features)} images are zero or not finite",
            "features with a direction",
            "the encoder's weights are not fit for these images: choose another encoder",
        )
    rows: Tensor = features / length
    return rows
