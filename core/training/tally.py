"""What is added up over the steps of an epoch, on the device, so that no step waits to be read."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass
class Tally:
    """Sums over the images of an epoch so far, of one rank: loss and right answers; and the seconds spent on them."""

    sums: Tensor  # (2,) float64
    images: int = 0
    seconds: float = 0.0
    mark: float = field(default_factory=time.perf_counter)

    @classmethod
    def empty(cls, device: torch.device) -> Tally:
        """Return sums of nothing; the clock runs."""
        return cls(torch.zeros(2, dtype=torch.float64, device=device))

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Add a batch: its summed loss, and what was answered (n, classes)."""
        right = (logits.detach().argmax(1) == labels).sum()
        self.sums += torch.stack([loss.detach().double(), right.double()])
        self.images += len(labels)

    def loss(self) -> float:
        """Return the mean loss so far; waits for the device."""
        return self.sums[0].item() / self.images

    def tick(self) -> None:
        """Count the time since the last tick as spent on images."""
        now = time.perf_counter()
        self.seconds, self.mark = self.seconds + now - self.mark, now

    def skip(self) -> None:
        """Do not count the time since the last tick: it was spent on other things."""
        self.mark = time.perf_counter()

    def content(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"sums": self.sums, "images": self.images, "seconds": self.seconds}
