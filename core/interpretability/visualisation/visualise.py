"""Feature visualisation of one unit of one network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.interpretability.inspection import Subject, one_at_a_time
from core.interpretability.visualisation.asked import Asked
from core.interpretability.visualisation.failures import check_unit, is_flat, why
from core.interpretability.visualisation.passes import frozen
from core.interpretability.visualisation.picture import Picture, noise
from core.progress import Progress, silent
from core.visualisation import MOST_SEED, Visualisation
from core.visualised import Visualised

LEARNING_RATE = 0.05  # of Adam: Lucent's own
# How strong the noise is at each attempt. The usual start is nearly grey, and what a ReLU keeps at zero there has no
# gradient; a stronger one may show enough of something.
CONTRASTS = (0.01, 0.3, 1.0)
_PATIENCE = 0.1  # of the steps: without any gradient until then an attempt ends
ANOTHER_SEED = 1000  # is added at each further attempt


@dataclass(frozen=True, eq=False)
class _Frame:
    """The pictures after so many steps, and the unit's activation by each; not finite where a picture is not."""

    step: int
    pixels: NDArray[np.uint8]  # (b, h, w, 3)
    activations: NDArray[np.float32]  # (b,)
    moved: bool  # whether there was a gradient to follow until here

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.activations).all())

    @property
    def shows(self) -> bool:
        """Whether there is something to see that the unit brought about: no grey, and not the noise of the start."""
        return self.finite and self.moved and not is_flat(self.pixels)


def visualise(subject: Subject, visualisation: Visualisation, progress: Progress = silent) -> Visualised:
    """Return the pictures that drive a unit furthest, and how they came about.

    The unit of a layer is the output of the convolution before batch norm and ReLU, or a logit; of a block its output.
    The same seed gives the same pictures, and begins from the same noise in every network. `progress` hears of each
    step and may raise to cancel: nothing is left behind in the network, and the device is free. An attempt whose
    pictures stay grey, or are not finite, is made again with another seed and stronger noise.

    Raises InvalidSettingError for a unit that there is not, that was removed, never changes or was not found, and
    BrokenDataError where activations are not finite.
    """
    asked = Asked(subject, visualisation)
    with one_at_a_time(subject.device), torch.inference_mode(False), torch.enable_grad(), frozen(subject.module):
        check_unit(asked)
        for attempt in range(len(CONTRASTS)):
            frames = list(_attempt(asked, attempt, progress))
            if frames[-1].shows:
                return _visualised(visualisation, frames, attempt)
        raise why(asked)


def _attempt(asked: Asked, attempt: int, progress: Progress) -> Iterator[_Frame]:
    """Yield the frames of an attempt; it ends early where there is no gradient to follow, or nothing finite."""
    how = asked.visualisation
    picture = noise(how.diversity, how.size, CONTRASTS[attempt], _seed(how, attempt), asked.device)
    start = picture.spectrum.detach().clone()
    optimiser = torch.optim.Adam([picture.spectrum], lr=LEARNING_RATE)
    yield _frame(asked, picture, start, 0)
    for step in range(1, how.steps + 1):
        optimiser.zero_grad()
        asked.loss(picture.seen(how.transforms)).backward()  # type: ignore[no-untyped-call]  # torch's
        optimiser.step()
        progress(step, how.steps, _what(attempt))
        if step in how.frames:
            yield (frame := _frame(asked, picture, start, step))
            if not frame.finite or (not frame.moved and step >= _PATIENCE * how.steps):
                return


def _frame(asked: Asked, picture: Picture, start: Tensor, step: int) -> _Frame:
    pixels, finite = picture.pixels(), bool(picture.spectrum.isfinite().all())
    values = asked.activations(pixels)
    moved = not torch.equal(picture.spectrum, start)
    return _Frame(step, pixels, values if finite else np.full_like(values, np.nan), moved)


def _visualised(visualisation: Visualisation, frames: list[_Frame], attempt: int) -> Visualised:
    return Visualised(
        frames=np.stack([frame.pixels for frame in frames]),
        steps=tuple(frame.step for frame in frames),
        activations=np.stack([frame.activations for frame in frames]),
        seed=_seed(visualisation, attempt),
        attempts=attempt + 1,
    )


def _seed(visualisation: Visualisation, attempt: int) -> int:
    return (visualisation.seed + attempt * ANOTHER_SEED) % (MOST_SEED + 1)


def _what(attempt: int) -> str:
    return "visualising" if attempt == 0 else f"visualising, attempt {attempt + 1}"
