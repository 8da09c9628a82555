"""torch's optimisers by the names that a retraining gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import nn

from core.training.retraining import Retraining

Make = Callable[[Iterable[nn.Parameter], Retraining], torch.optim.Optimizer]


def optimiser(parameters: Iterable[nn.Parameter], how: Retraining) -> torch.optim.Optimizer:
    """Return the optimiser of a retraining; weight decay is on all parameters, as in the study."""
    return _MAKERS[how.optimiser](parameters, how)


def _sgd(parameters: Iterable[nn.Parameter], how: Retraining) -> torch.optim.Optimizer:
    return torch.optim.SGD(
        parameters,
        how.learning_rate,
        momentum=how.momentum,
        weight_decay=how.weight_decay,
        nesterov=how.optimiser == "nesterov",
    )


_MAKERS: dict[str, Make] = {
    "sgd": _sgd,
    "nesterov": _sgd,
    "adam": lambda parameters, how: torch.optim.Adam(parameters, how.learning_rate, weight_decay=how.weight_decay),
    "adamw": lambda parameters, how: torch.optim.AdamW(parameters, how.learning_rate, weight_decay=how.weight_decay),
}
