"""What a retraining looked like, epoch by epoch. Knows no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One epoch of one step of pruning and training; epoch 0 is the network as it was pruned, before training.

    What only training has (learning rate, loss, top-1 on the training views, speed) is None in epoch 0.
    """

    step: int  # from 1
    epoch: int
    rate: float  # nominal, of this step
    sparsity: float  # share of zeros in the weights of the 54 inception convs
    learning_rate: float | None  # at the end of the epoch
    loss: float | None
    top1: float | None
    held_out_loss: float
    held_out_top1: float
    images_per_second: float | None
    seconds: float  # that the epoch trained for


@dataclass(frozen=True)
class History:
    """All epochs so far, and how many images were trained on in each and held out from training.

    Images that an epoch leaves over, less than a step's, are in neither number. Without epochs `images` are those that
    batch norm was re-calibrated on.
    """

    rows: tuple[Row, ...] = ()
    images: int = 0
    held_out: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values; `from_json` takes them back."""
        return {"rows": [asdict(row) for row in self.rows], "images": self.images, "held_out": self.held_out}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> History:
        """Return the history of what `to_json` gave."""
        return cls(tuple(Row(**row) for row in values["rows"]), values["images"], values["held_out"])

    @property
    def seconds(self) -> float:
        """How long was trained, in all."""
        return sum(row.seconds for row in self.rows)


Told = Callable[[History], None]


def ignored(history: History) -> None:
    """Be told, and do nothing."""
