"""All of a retraining that does not change while it runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from core.data.decode import pixel_row
from core.data.source import Source
from core.errors import InvalidSettingError
from core.evaluation.inference import folded_copy
from core.networks.network import Network
from core.pruning.masks import Masks
from core.pruning.own import own_masks
from core.pruning.schedule import stages
from core.pruning.settings import Pruning
from core.training.augment import Augmentation
from core.training.images import parts
from core.training.learner import Position
from core.training.loader import Course, Places
from core.training.parallel import Ranks
from core.training.precision import warn_if_slow
from core.training.rates import learning_rate
from core.training.recalibrate import LEAST_NORMED, norms
from core.training.retraining import Retraining
from core.words import count


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Images that are not trained on, as the evaluation shows them; one rank's share of them."""

    pixels: Tensor  # (n, h, w, 3) uint8
    labels: Tensor  # (n,)
    images: int  # of all ranks


@dataclass(frozen=True, eq=False)
class Plan:
    """What is pruned in each stage, on what is trained, and how."""

    network: Network
    own: Masks  # of what the network came without, on the device: held whatever is done with the others
    stages: tuple[Pruning, ...]
    how: Retraining
    images: Source
    view: Augmentation
    course: Course
    held_out: HeldOut
    teacher: nn.Module | None  # the dense network, on the device, where its answers are learnt
    ranks: Ranks

    @property
    def device(self) -> torch.device:
        """Where this rank computes."""
        return self.ranks.device

    @property
    def steps(self) -> int:
        """How many steps all stages have."""
        return len(self.stages) * self.how.epochs * self.course.steps

    def done(self, position: Position) -> int:
        """Return how many steps lie before a position."""
        return (position.stage * self.how.epochs + position.epoch) * self.course.steps + position.step

    def epoch(self, position: Position) -> int:
        """Return the number of an epoch over all stages, which decides its order and views."""
        return position.stage * self.how.epochs + position.epoch

    def rate(self, position: Position) -> float:
        """Return the learning rate of a step; its schedule begins anew in each stage where it is rewound."""
        if not self.how.rewind:
            return learning_rate(self.how, self.done(position), self.steps, self.course.steps)
        step = position.epoch * self.course.steps + position.step
        return learning_rate(self.how, step, self.how.epochs * self.course.steps, self.course.steps)


def make_plan(network: Network, pruning: Pruning, how: Retraining, images: Source, ranks: Ranks) -> Plan:
    """Decide everything that does not change; the held-out images are decoded here, once.

    Raises InvalidSettingError for too few images, or batches too small for so many ranks.
    """
    warn_if_slow(how, ranks.device)
    split = parts(images.labels, how.batch * how.accumulate)
    course = Course(split.training, how.batch, how.accumulate, how.seed)
    _require_shares(network, course, ranks)
    return Plan(
        network=network,
        own={name: mask.to(ranks.device) for name, mask in own_masks(network.module).items()},
        stages=stages(pruning, how.steps, how.spacing),
        how=how,
        images=images,
        view=Augmentation(network.preset, round(how.size * network.preset.crop), how.crop, how.flip),
        course=course,
        held_out=_held_out(network, images, split.held_out, ranks),
        teacher=folded_copy(network.module).to(ranks.device) if how.distillation else None,
        ranks=ranks,
    )


def _require_shares(network: Network, course: Course, ranks: Ranks) -> None:
    """Each process has an image of each batch, and two where batch norm takes a variance of them."""
    smallest, normed = course.images // course.batches_per_step, bool(norms(network.module))
    least = ranks.count * (LEAST_NORMED if normed else 1)
    if smallest < least:
        raise InvalidSettingError(
            f"batches of {count(smallest, 'image')} for {count(ranks.count, 'process', 'processes')}",
            f"{least} images a batch or more" + (f": {LEAST_NORMED} a process for batch norm" if normed else ""),
            "choose a larger batch, more images, or fewer processes",
        )


def _held_out(network: Network, images: Source, places: Places, ranks: Ranks) -> HeldOut:
    own = places[ranks.rank :: ranks.count]
    rows = [pixel_row(images.image(place), network.preset) for place in own.tolist()]
    size = network.preset.crop
    pixels = np.stack(rows) if rows else np.empty((0, size, size, 3), np.uint8)
    return HeldOut(torch.from_numpy(pixels), torch.from_numpy(images.labels[own]), len(places))
