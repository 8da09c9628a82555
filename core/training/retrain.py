"""Prune a network in one or more steps and train what is left, the masks held."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from core.data.preset import Preset
from core.data.source import Source
from core.errors import InvalidSettingError
from core.networks.network import Network
from core.progress import Progress, silent
from core.pruning.masks import Masks, apply_masks, joined_masks, make_masks
from core.pruning.own import own_masks
from core.pruning.schedule import stages
from core.pruning.settings import Pruning
from core.training.checkpoint import Checkpoints
from core.training.history import History, Told, ignored
from core.training.learner import Learner
from core.training.loop import train
from core.training.parallel import Ranks, joined
from core.training.plan import Plan, make_plan
from core.training.recalibrate import recalibrate, require_batches, require_norms, whole_batches
from core.training.retraining import Retraining
from core.training.stages import require_held, require_more, still_removed
from core.training.watch import Watch

SAVE_EVERY = 120.0  # seconds between checkpoints


@dataclass(frozen=True, eq=False)
class Retrained:
    """A module of its own, on the CPU, in evaluation mode and frozen; the masks of what is removed from it.

    Where masks were not held these are of what is zero still.
    """

    module: nn.Module
    masks: Masks
    history: History


def retrain(
    network: Network,
    pruning: Pruning,
    retraining: Retraining,
    images: Source,
    *,
    device: str,
    folder: Path,
    preset: Preset | None = None,
    progress: Progress = silent,
    told: Told = ignored,
    save_every: float = SAVE_EVERY,
) -> Retrained:
    """Return `network` pruned and retrained on `images`, of which a small part is held out to measure it on.

    All images are shown as `preset` says, which is that of the evaluation; None is the network's own.

    In `folder` lie the checkpoints, one an epoch and one each `save_every` seconds: stopped or killed at any moment,
    the same call goes on from the last one and, on the CPU, ends with the same weights bit for bit. `told` is given
    the history after each epoch. Under torchrun all ranks call this alike; the first one writes, tells and is told.

    Raises InvalidSettingError for settings that do not fit the network or the images, CancelledError if `progress`
    does (a checkpoint is written first), StorageError if a checkpoint cannot be written (the one before is kept),
    BrokenDataError for an image that cannot be decoded, and PrunescopeError if the loss is no number any more.
    """
    network = replace(network, preset=preset or network.preset)
    _require_fit(network, pruning, retraining, images)
    with joined(device) as ranks, _own_random_state(ranks.device):
        if not retraining.trains:
            return _finished(network, images, retraining, ranks, _cut(network, pruning, retraining, images), progress)
        plan = make_plan(network, pruning, retraining, images, ranks)
        checkpoints = Checkpoints(folder, _identity(network, pruning, retraining, images))
        watch = Watch(plan, checkpoints, progress, told, save_every)
        learner = _learner(plan, watch)
        train(plan, learner, watch)
        left = _Left(learner.module, learner.masks, watch.history(learner))
        return _finished(network, images, retraining, ranks, left, progress)


@dataclass(frozen=True, eq=False)
class _Left:
    """What a training left: a module whose weights to take, masks, and what it looked like."""

    module: nn.Module
    masks: Masks
    history: History


def _cut(network: Network, pruning: Pruning, how: Retraining, images: Source) -> _Left:
    seen = whole_batches(images, how).images_per_epoch
    return _Left(network.module, make_masks(network.module, pruning), History(images=seen))


def _learner(plan: Plan, watch: Watch) -> Learner:
    """Return a learner as the last checkpoint left it, or at the beginning."""
    module = plan.network.copy().requires_grad_(True)
    learner = Learner(channels_last(module, plan.device), plan.how, plan.device)
    content = plan.ranks.share(watch.checkpoints.load() if plan.ranks.first else None)
    if content is not None:
        learner.restore(content)
        watch.tell_history(learner)
    return learner


def _finished(
    network: Network, images: Source, how: Retraining, ranks: Ranks, left: _Left, progress: Progress
) -> Retrained:
    """Return a plain copy of the network with the weights that are left, re-calibrated where that is asked for."""
    module = network.copy()
    module.load_state_dict(left.module.state_dict())
    masks = {name: mask.cpu() for name, mask in left.masks.items()}
    if how.held or not how.trains:
        apply_masks(module, masks)
    else:
        masks = still_removed(module, masks)
    masks = joined_masks(own_masks(network.module), masks)
    if how.recalibrate or not how.trains:
        recalibrate(network, channels_last(module, ranks.device), images, how, ranks, progress)
    module = module.to("cpu", memory_format=torch.contiguous_format).eval().requires_grad_(False)  # type: ignore[call-overload]
    require_held(module, masks)
    return Retrained(module, masks, left.history)


def channels_last(module: nn.Module, device: torch.device) -> nn.Module:
    """Move a module to a device, in place, its filters in the order in which convolutions are fastest."""
    return module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


@contextmanager
def _own_random_state(device: torch.device) -> Iterator[None]:
    """Leave torch's random states as they were; cuDNN may look for the fastest convolutions meanwhile."""
    cudnn, cuda = torch.backends.cudnn, device.type == "cuda"
    before, cudnn.benchmark = cudnn.benchmark, cudnn.benchmark or cuda
    try:
        with torch.random.fork_rng([device] if cuda else []):
            yield
    finally:
        cudnn.benchmark = before


def _require_fit(network: Network, pruning: Pruning, how: Retraining, images: Source) -> None:
    if len(images.classes) != len(network.classes):
        raise InvalidSettingError(
            f"{images.name} has {len(images.classes):,} classes, {network.title} tells {len(network.classes):,} apart",
            f"training images of the network's own {len(network.classes):,} classes",
            "name other images to train on",
        )
    if how.recalibrate or not how.trains:
        require_norms(network)
        require_batches(images, how)
    require_more(network.module, stages(pruning, how.steps, how.spacing)[0])


def _identity(network: Network, pruning: Pruning, how: Retraining, images: Source) -> str:
    """Return the sha256 of what decides a training: another's checkpoints are never gone on from."""
    parts = {
        "network": network.sha256,
        "preset": network.preset.name,
        "pruning": pruning.canonical(),
        "retraining": how.canonical(masks=not pruning.dense),
        "images": images.identity(),
    }
    if own_masks(network.module):  # once what a network came without was not held
        parts["own"] = "held"
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
