"""A network in training: all that changes from step to step, and what a checkpoint holds of it."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from core.pruning.masks import Masks
from core.training.history import Row
from core.training.optimisers import optimiser
from core.training.precision import scaler
from core.training.retraining import Retraining
from core.training.tally import Tally


@dataclass(frozen=True)
class Position:
    """What comes next: a step of an epoch of a stage (of pruning and training), each from 0."""

    stage: int = 0
    epoch: int = 0
    step: int = 0

    @property
    def begins_stage(self) -> bool:
        """Whether the next thing to do is to prune."""
        return self.epoch == self.step == 0

    def after_step(self) -> Position:
        """Return the next step's."""
        return replace(self, step=self.step + 1)

    def after_epoch(self) -> Position:
        """Return the next epoch's."""
        return Position(self.stage, self.epoch + 1)

    def after_stage(self) -> Position:
        """Return the next stage's."""
        return Position(self.stage + 1)


@dataclass(frozen=True, eq=False)
class Best:
    """The weights after the epoch of a stage whose loss on the held-out images is the lowest so far."""

    loss: float
    epoch: int
    state: dict[str, Tensor]


@dataclass
class Learner:
    """`module` and `masks` are on the device of the training; the optimiser is new in each stage."""

    module: nn.Module
    how: Retraining
    device: torch.device
    masks: Masks = field(default_factory=dict)
    position: Position = field(default_factory=Position)
    rows: list[Row] = field(default_factory=list)
    best: Best | None = None

    def __post_init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin a stage: nothing of the optimiser's past is left."""
        self.optimiser = optimiser(self.module.parameters(), self.how)
        self.scaler = scaler(self.how, self.device)
        self.tally = Tally.empty(self.device)
        self.best = None

    def finite(self) -> bool:
        """Return whether all weights and statistics are finite numbers; waits for the device."""
        values = [value for value in self.module.state_dict().values() if value.is_floating_point()]
        return bool(torch.stack([value.isfinite().all() for value in values]).all())

    def content(self) -> dict[str, Any]:
        """Return tensors and plain values that say it all; `restore` takes them back."""
        return {
            "position": astuple(self.position),
            "module": self.module.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "masks": self.masks,
            "rows": [asdict(row) for row in self.rows],
            "tally": self.tally.content(),
            "best": None if self.best is None else vars(self.best),
        }

    def restore(self, content: dict[str, Any]) -> None:
        """Become what `content` was called on."""
        self.renew()
        self.module.load_state_dict(content["module"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.scaler.load_state_dict(content["scaler"])
        self.masks = {name: mask.to(self.device) for name, mask in content["masks"].items()}
        self.position = Position(*content["position"])
        self.rows = [Row(**row) for row in content["rows"]]
        tally = content["tally"]
        self.tally = Tally(**{**tally, "sums": tally["sums"].to(self.device)})
        self.best = None if content["best"] is None else Best(**content["best"])
