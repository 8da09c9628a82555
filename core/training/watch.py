"""What goes on around a training: progress, history, checkpoints, and the reasons to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import isfinite

from core.errors import CancelledError, PrunescopeError
from core.progress import Progress
from core.training.checkpoint import Checkpoints
from core.training.history import History, Told
from core.training.learner import Learner
from core.training.plan import Plan

TELL_EVERY = 0.5  # seconds; to tell the loss means to wait for the device


class Watch:
    """The first rank's eyes and hands; the other ranks stop when it stops.

    A checkpoint is written after each epoch, after `save_every` seconds, and before a cancelled training stops.
    """

    def __init__(self, plan: Plan, checkpoints: Checkpoints, progress: Progress, told: Told, save_every: float) -> None:
        self.plan, self.checkpoints, self.progress, self.told = plan, checkpoints, progress, told
        self.save_every = save_every
        self.last_told = self.last_saved = time.monotonic()

    def after_step(self, learner: Learner) -> None:
        """Tell, and write a checkpoint, if it is time to."""
        self._together(lambda: self._after_step(learner))

    def after_epoch(self, learner: Learner) -> None:
        """Tell the history and write a checkpoint."""
        self._together(lambda: self._after_epoch(learner))

    def require_finite(self, learner: Learner, loss: float) -> None:
        """Raise PrunescopeError if the loss is no number: all ranks see the same."""
        if not isfinite(loss):
            raise self._diverged(learner)

    def tell_history(self, learner: Learner) -> None:
        """Tell the epochs so far."""
        if self.plan.ranks.first:
            self.told(self.history(learner))

    def history(self, learner: Learner) -> History:
        """Return the epochs so far."""
        return History(tuple(learner.rows), self.plan.course.images_per_epoch, self.plan.held_out.images)

    def _together(self, act: Callable[[], None]) -> None:
        """Let the first rank act; where that ends in an error, all ranks end."""
        error = _error_of(act) if self.plan.ranks.first else None
        if self.plan.ranks.agree(error is not None):
            raise error or CancelledError("the first of the processes stopped the training")

    def _after_step(self, learner: Learner) -> None:
        now = time.monotonic()
        if now - self.last_told >= TELL_EVERY:
            self.require_finite(learner, learner.tally.loss())
            self._tell(learner)
        if now - self.last_saved >= self.save_every:
            self._save(learner)
        learner.tally.tick()

    def _after_epoch(self, learner: Learner) -> None:
        self._save(learner)
        self.told(self.history(learner))
        self._tell(learner)

    def _tell(self, learner: Learner) -> None:
        images = self.plan.course.images  # of a step
        try:
            self.progress(self.plan.done(learner.position) * images, self.plan.steps * images, self._words(learner))
        except CancelledError:
            self._save(learner)
            raise
        self.last_told = time.monotonic()

    def _words(self, learner: Learner) -> str:
        at, how, row = learner.position, self.plan.how, learner.rows[-1]
        over = learner.tally.images == 0
        step, epoch = (row.step, row.epoch) if over else (at.stage + 1, min(at.epoch + 1, how.epochs))
        loss = row.loss if over else learner.tally.loss()
        stage = f"step {step} of {how.steps}, " if how.steps > 1 else ""
        return f"training: {stage}epoch {epoch} of {how.epochs}" + ("" if loss is None else f", loss {loss:.3f}")

    def _save(self, learner: Learner) -> None:
        if not learner.finite():
            raise self._diverged(learner)
        self.checkpoints.save(learner.content())
        self.last_saved = time.monotonic()

    def _diverged(self, learner: Learner) -> PrunescopeError:
        at, last = learner.position, self.checkpoints.last
        kept = f"the last good checkpoint is {last}" if last.exists() else "no checkpoint was written before"
        where = f"epoch {at.epoch + 1} of step {at.stage + 1}"
        rate = learner.optimiser.param_groups[0]["lr"]
        return PrunescopeError(
            f"the loss is no number any more: training diverged in {where} at a learning rate of {rate:.3g}; {kept}",
            "finite losses",
            "run it again with a lower learning rate, or with a longer warm-up",
        )


def _error_of(act: Callable[[], None]) -> PrunescopeError | None:
    try:
        act()
    except PrunescopeError as error:
        return error
    return None
