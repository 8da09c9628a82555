"""Where in an image a unit is active."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from core.interpretability.inspection import Subject, one_at_a_time
from core.interpretability.visualisation.passes import outputs


def unit_maps(subject: Subject, pixels: NDArray[np.uint8], place: str, unit: int) -> NDArray[np.float32]:
    """Return a unit's activation at each position of images (n, h, w, 3) uint8: (n, h', w'), a logit's (n, 1, 1).

    Its mean over the positions is the activation that `collect` ranks images by. The pass ends at the unit's layer.
    """
    with one_at_a_time(subject.device), torch.inference_mode():
        inputs = subject.network.inputs(torch.from_numpy(pixels).to(subject.device))
        found = outputs(subject.module, inputs.contiguous(memory_format=torch.channels_last), [place])[place]
    maps: NDArray[np.float32] = found[:, unit].float().cpu().numpy()
    return maps.reshape(len(pixels), *(maps.shape[1:] or (1, 1)))
