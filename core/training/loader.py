"""Batches of views, in an order and with crops that depend on the seed alone, whoever prepares them."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from core.data.processes import available_cores
from core.data.source import Source
from core.errors import PrunescopeError
from core.training.augment import Augmentation, augmented

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Course:
    """How an epoch over some places of a source is cut into steps, and each step into batches.

    What is left over at the end of an epoch, less than a step, is left out: each epoch has another order. With fewer
    places than a step takes an epoch is one step.
    """

    places: Places
    batch: int
    accumulate: int
    seed: int

    @property
    def images(self) -> int:
        """How many images a step sees."""
        return min(self.batch * self.accumulate, len(self.places))

    @property
    def steps(self) -> int:
        """How many steps an epoch has."""
        return len(self.places) // self.images

    @property
    def images_per_epoch(self) -> int:
        """How many images an epoch sees: all but those left over."""
        return self.steps * self.images

    @property
    def batches_per_step(self) -> int:
        """How many batches a step has."""
        return ceil(self.images / self.batch)

    def order(self, epoch: int) -> Places:
        """Return the places in the order of an epoch."""
        return np.random.default_rng((self.seed, epoch)).permutation(self.places)

    def batches(self, order: Places, step: int) -> list[Places]:
        """Return the batches of one step of an epoch."""
        chosen = order[step * self.images : (step + 1) * self.images]
        return np.array_split(chosen, self.batches_per_step)


@dataclass(frozen=True)
class Stretch:
    """A part of the training: epochs from..to, the first of them from a step on; of each batch one rank's share."""

    course: Course
    epochs: range
    step: int = 0
    rank: int = 0
    ranks: int = 1

    def __iter__(self) -> Iterator[tuple[int, Places]]:
        """Yield (epoch, places) of each batch, in order."""
        for epoch in self.epochs:
            order = self.course.order(epoch)
            for step in range(self.step if epoch == self.epochs.start else 0, self.course.steps):
                for places in self.course.batches(order, step):
                    yield epoch, places[self.rank :: self.ranks]


@dataclass(frozen=True, eq=False)
class Views(Dataset[tuple[Tensor, Tensor]]):
    """Batches of augmented views of a source by (epoch, places)."""

    source: Source
    how: Augmentation
    seed: int
    labels: Places = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", self.source.labels)

    def __getitem__(self, key: tuple[int, Places]) -> tuple[Tensor, Tensor]:
        """Return pixels (n, size, size, 3) uint8 and labels (n,); each view depends on (seed, epoch, place) alone."""
        epoch, places = key
        rows = np.stack([self._view(epoch, place) for place in places.tolist()])
        return torch.from_numpy(rows), torch.from_numpy(self.labels[places])

    def _view(self, epoch: int, place: int) -> NDArray[np.uint8]:
        random = np.random.default_rng((self.seed, epoch, place))
        return augmented(self.source.image(place), self.how, random)


@dataclass(frozen=True, eq=False)
class _Reported(Dataset[tuple[Tensor, Tensor] | PrunescopeError]):
    """Views whose errors are returned: a loader would raise them anew with a traceback as their words."""

    views: Views

    def __getitem__(self, key: tuple[int, Places]) -> tuple[Tensor, Tensor] | PrunescopeError:
        try:
            return self.views[key]
        except PrunescopeError as error:
            return error


def batches(views: Views, stretch: Stretch, device: torch.device) -> Generator[tuple[Tensor, Tensor], None, None]:
    """Yield (pixels, labels) of each batch of a stretch; beginning in the middle of an epoch costs nothing.

    Prepared by other processes: one on the CPU, where it fills what the convolutions leave idle, and all cores but
    one beside a GPU. BrokenDataError names an image that cannot be decoded.
    """
    cuda = device.type == "cuda"
    workers = max(1, available_cores() - 1) if cuda else 1
    own = torch.Generator()  # a loader draws from torch's random state otherwise, as dropout does
    loader = DataLoader(
        _Reported(views), batch_size=None, sampler=stretch, num_workers=workers, pin_memory=cuda, generator=own
    )
    for found in loader:
        if isinstance(found, PrunescopeError):
            raise found
        yield found
