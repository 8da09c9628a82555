"""Where in an image a unit is active."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from core.evaluation.inference import forward
from core.interpretability.inspection import Subject, one_at_a_time


def unit_maps(subject: Subject, pixels: NDArray[np.uint8], place: str, unit: int) -> NDArray[np.float32]:
    """Return a unit's activation at each position of images (n, h, w, 3) uint8: (n, h', w'), a logit's (n, 1, 1).

    Its mean over the positions is the activation that `collect` ranks images by.
    """
    found: list[torch.Tensor] = []
    with one_at_a_time(subject.device):
        layer = subject.module.get_submodule(place)
        handle = layer.register_forward_hook(lambda _, __, x: found.append(x[:, unit].float().cpu()))
        try:
            forward(subject.module, subject.network.inputs(torch.from_numpy(pixels).to(subject.device)))
        finally:
            handle.remove()
    maps: NDArray[np.float32] = found[0].reshape(len(pixels), *(found[0].shape[1:] or (1, 1))).numpy()
    return maps
