"""Prune and train, stage by stage, epoch by epoch, step by step.

Everything drawn by lot depends on the seed and on the position alone, so that a training that goes on from a
checkpoint does what the unbroken one does.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from core.pruning.masks import Masks, apply_masks, held, joined_masks
from core.training.history import Row
from core.training.learner import Best, Learner
from core.training.loader import Stretch, Views, batches
from core.training.loss import loss_sum
from core.training.parallel import spread, without_sync
from core.training.plan import Plan
from core.training.precision import autocast
from core.training.stages import require_held, stage_masks, weights_sparsity
from core.training.tally import Tally

Batches = Generator[tuple[Tensor, Tensor], None, None]
Figures = tuple[float, float]  # mean loss, share of right answers


class Watcher(Protocol):
    """Who looks on, writes checkpoints and may stop the training by raising."""

    def after_step(self, learner: Learner) -> None:
        """Be called after each step."""

    def after_epoch(self, learner: Learner) -> None:
        """Be called after each epoch, when all is ready for the next."""

    def require_finite(self, learner: Learner, loss: float) -> None:
        """Stop a training whose loss is no number any more."""


def train(plan: Plan, learner: Learner, watcher: Watcher) -> None:
    """Go through the stages from where the learner stands."""
    forward = spread(learner.module, plan.ranks)
    while learner.position.stage < len(plan.stages):
        if learner.position.begins_stage:
            _prune(plan, learner)
        _train_stage(plan, learner, forward, watcher)


def _prune(plan: Plan, learner: Learner) -> None:
    """Remove what the stage removes, and note how the network is before it is trained."""
    learner.renew()
    stage = plan.stages[learner.position.stage]
    masks = stage_masks(learner.module, stage, learner.masks if plan.how.held else {})
    learner.masks = {name: mask.to(plan.device) for name, mask in plan.ranks.share(masks).items()}
    apply_masks(learner.module, learner.masks)
    learner.rows.append(_row(plan, learner, measure(plan, learner.module)))
    learner.tally.skip()


def _train_stage(plan: Plan, learner: Learner, forward: nn.Module, watcher: Watcher) -> None:
    stage = learner.position.stage
    with _holding(plan, learner), closing(_coming(plan, learner)) as arriving:
        while learner.position.stage == stage:
            learner.module.train()
            for _ in range(learner.position.step, plan.course.steps):
                train_step(plan, learner, forward, arriving)
                watcher.after_step(learner)
            _finish_epoch(plan, learner, watcher)


def _holding(plan: Plan, learner: Learner) -> AbstractContextManager[None]:
    return held(learner.module, _to_hold(plan, learner), learner.optimiser)


def _to_hold(plan: Plan, learner: Learner) -> Masks:
    """Return the masks of what stays at zero: of what a network came without whether the others are held or not."""
    return joined_masks(plan.own, learner.masks) if plan.how.held else plan.own


def _coming(plan: Plan, learner: Learner) -> Batches:
    """Return the batches of what is left of a stage."""
    at = learner.position
    first, ranks = plan.epoch(at), plan.ranks
    epochs = range(first, first + plan.how.epochs - at.epoch)
    stretch = Stretch(plan.course, epochs, at.step, ranks.rank, ranks.count)
    return batches(Views(plan.images, plan.view, plan.how.seed), stretch, plan.device)


def train_step(plan: Plan, learner: Learner, forward: nn.Module, arriving: Iterator[tuple[Tensor, Tensor]]) -> None:
    """Do one step of the optimiser on the next one or more batches, pixels (n, h, w, 3) and labels (n,)."""
    _seed(plan, learner)
    for group in learner.optimiser.param_groups:
        group["lr"] = plan.rate(learner.position)
    for left in reversed(range(plan.course.batches_per_step)):
        with without_sync(forward) if left else nullcontext():
            _learn(plan, learner, forward, *next(arriving))
    learner.scaler.step(learner.optimiser)
    learner.scaler.update()
    learner.optimiser.zero_grad()
    learner.position = learner.position.after_step()
    learner.tally.tick()


def _learn(plan: Plan, learner: Learner, forward: nn.Module, pixels: Tensor, labels: Tensor) -> None:
    """Add the gradient of a batch's part of the step's mean loss."""
    inputs = plan.network.inputs(pixels.to(plan.device, non_blocking=True))
    labels = labels.to(plan.device, non_blocking=True)
    with autocast(plan.how, plan.device):
        wanted = None if plan.teacher is None else _answers(plan.teacher, inputs)
        logits = forward(inputs)
    loss = loss_sum(logits, labels, wanted, plan.how)
    # Gradients of ranks are averaged, those of batches are added: together the mean over the step's images.
    learner.scaler.scale(loss * (plan.ranks.count / plan.course.images)).backward()  # type: ignore[no-untyped-call]
    learner.tally.add(loss, logits, labels)


@torch.no_grad()
def _answers(teacher: nn.Module, inputs: Tensor) -> Tensor:
    logits: Tensor = teacher(inputs)
    return logits


def _seed(plan: Plan, learner: Learner) -> None:
    """Let what is dropped out depend on the seed and the position alone."""
    at = learner.position
    random = np.random.default_rng((plan.how.seed, at.stage, at.epoch, at.step, plan.ranks.rank))
    torch.manual_seed(int(random.integers(2**62)))


def _finish_epoch(plan: Plan, learner: Learner, watcher: Watcher) -> None:
    """Measure, note, and decide what comes next."""
    sums = plan.ranks.total(learner.tally.sums).tolist()
    learner.tally.tick()
    loss, top1 = (value / plan.course.images_per_epoch for value in sums)
    watcher.require_finite(learner, loss)
    require_held(learner.module, _to_hold(plan, learner))
    held_out = measure(plan, learner.module)
    watcher.require_finite(learner, held_out[0])
    learner.rows.append(_row(plan, learner, held_out, (loss, top1)))
    _go_on(plan, learner, held_out[0])
    learner.tally = Tally.empty(plan.device)
    watcher.after_epoch(learner)
    learner.tally.skip()


def _row(plan: Plan, learner: Learner, held_out: Figures, trained: Figures | None = None) -> Row:
    """Note an epoch that is over; without `trained` it is the network before the first one."""
    at = learner.position
    images, seconds = plan.course.images_per_epoch, learner.tally.seconds
    return Row(
        step=at.stage + 1,
        epoch=0 if trained is None else at.epoch + 1,
        rate=plan.stages[at.stage].rate,
        sparsity=weights_sparsity(learner.module),
        learning_rate=None if trained is None else learner.optimiser.param_groups[0]["lr"],
        loss=None if trained is None else trained[0],
        top1=None if trained is None else trained[1],
        held_out_loss=held_out[0],
        held_out_top1=held_out[1],
        images_per_second=None if trained is None else images / seconds,
        seconds=seconds,
    )


def _go_on(plan: Plan, learner: Learner, held_loss: float) -> None:
    """Move to the next epoch, or, after the last one or when patience is at its end, to the next stage."""
    epoch = learner.position.epoch
    if plan.how.patience is not None and (learner.best is None or held_loss < learner.best.loss):
        state = {name: value.clone() for name, value in learner.module.state_dict().items()}
        learner.best = Best(held_loss, epoch, state)
    waited = epoch - learner.best.epoch if learner.best else 0
    if epoch + 1 < plan.how.epochs and (plan.how.patience is None or waited < plan.how.patience):
        learner.position = learner.position.after_epoch()
        return
    if learner.best:
        learner.module.load_state_dict(learner.best.state)
    learner.position = learner.position.after_stage()


@torch.no_grad()
def measure(plan: Plan, module: nn.Module) -> Figures:
    """Return mean loss and share of right answers on the held-out images, in full precision."""
    plan.ranks.mean_([value for value in module.buffers() if value.is_floating_point()])
    module.eval()
    tally, size = Tally.empty(plan.device), plan.how.batch
    for start in range(0, len(plan.held_out.labels), size):
        part = slice(start, start + size)
        pixels, labels = plan.held_out.pixels[part].to(plan.device), plan.held_out.labels[part].to(plan.device)
        logits = module(plan.network.inputs(pixels)).float()
        tally.add(cross_entropy(logits, labels, reduction="sum"), logits, labels)
    loss, right = plan.ranks.total(tally.sums).tolist()
    return loss / plan.held_out.images, right / plan.held_out.images
