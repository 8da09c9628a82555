"""Insertion and deletion for pictures as a network is shown them: does it use what their maps mark?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from core.interpretability.attribution.baselines import BASELINES
from core.interpretability.inspection import Subject, one_at_a_time
from core.interpretability.measures.faithfulness import STEPS, Faithfulness, faithfulness
from core.progress import Progress, silent

DELETED, BLURRED = "black", "blurred"  # the baselines that deletion ends at and insertion begins at


def walks(
    subject: Subject,
    pixels: NDArray[np.uint8],
    targets: Sequence[int],
    maps: NDArray[np.floating],
    steps: int = STEPS,
    progress: Progress = silent,
) -> Faithfulness:
    """Return the curves for images (n, h, w, 3) uint8, class indices and maps (n, h, w), on the subject's device.

    Deletion goes towards a black picture, insertion begins at a blurred one. `progress` is told of each batch and may
    raise to cancel. Raises the errors of `faithfulness`.
    """
    batch = torch.from_numpy(pixels).to(subject.device)
    deleted, blurred = (subject.network.inputs(BASELINES[name].make(batch, 0)) for name in (DELETED, BLURRED))
    with one_at_a_time(subject.device):
        return faithfulness(
            subject.module,
            subject.network.inputs(batch),
            torch.tensor(list(targets)),
            maps,
            deleted=deleted,
            blurred=blurred,
            steps=steps,
            progress=progress,
        )
