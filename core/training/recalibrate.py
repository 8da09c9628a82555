"""Batch norm's statistics anew, on training images as the evaluation shows them, without their labels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from core.data.decode import pixel_row
from core.data.source import Source
from core.errors import InvalidSettingError
from core.networks.network import Network
from core.progress import Progress, silent
from core.training.loader import Course
from core.training.parallel import Ranks
from core.training.retraining import Retraining
from core.words import count

LEAST_NORMED = 2  # images of which batch norm can take a variance, however small they are


def norms(module: nn.Module) -> list[nn.modules.batchnorm._BatchNorm]:
    """Return the batch norm layers of a module."""
    return [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]


def require_norms(network: Network) -> None:
    """Raise InvalidSettingError for a network without batch norm: there is nothing to re-calibrate."""
    if not norms(network.module):
        raise InvalidSettingError(
            f"{network.title} has no batch norm that could be re-calibrated",
            "a network with batch norm, or a retraining of 1 epoch or more without re-calibration",
            "choose another network, or train for some epochs",
        )


def require_batches(images: Source, how: Retraining) -> None:
    """Raise InvalidSettingError for batches of one image."""
    smallest = min(how.batch, len(images))
    if smallest < LEAST_NORMED:
        raise InvalidSettingError(
            f"batches of {count(smallest, 'image')} to re-calibrate batch norm on",
            f"{LEAST_NORMED} images a batch or more",
            "choose a larger batch, or more images",
        )


def whole_batches(images: Source, how: Retraining) -> Course:
    """Return the batches that statistics are taken on, as one epoch."""
    return Course(np.arange(len(images)), how.batch, 1, how.seed)


@torch.no_grad()
def recalibrate(
    network: Network, module: nn.Module, images: Source, how: Retraining, ranks: Ranks, progress: Progress = silent
) -> None:
    """Set the running mean and variance of each batch norm of `module` to the mean of those of the batches, in place.

    Each layer's input is normalised by its own batch, as in training, so nothing of the old statistics is in the new
    ones; all else is as in evaluation. The batches are in an order of their own, what is left over after whole ones
    is left out; several ranks share them.
    """
    course = whole_batches(images, how)
    order = course.order(0)
    with _averaging(module, course.steps, ranks):
        for step in range(ranks.rank, course.steps, ranks.count):
            chosen = order[step * course.images : (step + 1) * course.images]
            pixels = np.stack([pixel_row(images.image(place), network.preset) for place in chosen.tolist()])
            module(network.inputs(torch.from_numpy(pixels).to(ranks.device)))
            done = min(step + ranks.count, course.steps)
            progress(done * course.images, course.images_per_epoch, "re-calibrating batch norm")


@contextmanager
def _averaging(module: nn.Module, steps: int, ranks: Ranks) -> Iterator[None]:
    """Let the batch norms take the plain mean over the batches that come; the rest of the module evaluates."""
    layers, own = norms(module), len(range(ranks.rank, steps, ranks.count))
    before = [layer.momentum for layer in layers]
    module.eval()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # cumulative
        layer.train()
    try:
        yield
    finally:
        for layer, momentum in zip(layers, before, strict=True):
            layer.momentum = momentum
        module.eval()
    for layer in layers:
        for values in (layer.running_mean, layer.running_var):
            if values is not None:
                values.copy_(ranks.total(values * own) / steps)
