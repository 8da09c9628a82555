"""The learning rate as a function of the step alone: there is no scheduler whose state could be lost."""

from __future__ import annotations

import math
from collections.abc import Callable

from core.training.retraining import Retraining

_START, _PEAK = 0.04, 0.3  # of one-cycle: where it begins, and when it is highest

Shape = Callable[[float, float, float], float]  # share done 0..1, whole epochs done, decay -> factor

SHAPES: dict[str, Shape] = {
    "constant": lambda done, epoch, decay: 1.0,
    "exponential": lambda done, epoch, decay: decay**epoch,
    "cosine": lambda done, epoch, decay: 0.5 + 0.5 * math.cos(math.pi * done),
    "one-cycle": lambda done, epoch, decay: _one_cycle(done),
}


def learning_rate(retraining: Retraining, step: int, steps: int, steps_per_epoch: int) -> float:
    """Return the learning rate of step 0..steps-1; it rises in a line over the warm-up, which the schedule follows."""
    warm = retraining.warm_up * steps_per_epoch
    if step < warm:
        return retraining.learning_rate * (step + 1) / (warm + 1)
    done = (step - warm) / max(1.0, steps - warm)
    epoch = math.floor((step - warm) / steps_per_epoch)
    return retraining.learning_rate * SHAPES[retraining.schedule](done, epoch, retraining.decay)


def _one_cycle(done: float) -> float:
    if done < _PEAK:
        return _START + (1 - _START) * done / _PEAK
    return 0.5 + 0.5 * math.cos(math.pi * (done - _PEAK) / (1 - _PEAK))
