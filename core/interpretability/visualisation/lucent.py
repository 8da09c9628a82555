"""What Lucent keeps in global state, lent to it for a moment: the source of its random numbers and its device.

Lucent's transforms draw from numpy's global generator and its pictures from torch's, and its device is chosen once, at
its import: the first GPU if there is one. Here each picture has a generator of its own and the device of its network,
and afterwards the globals are as they were.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from lucent.optvis import transform
from lucent.optvis.param import spatial

_LENDING = threading.RLock()


class Dice:
    """A source of random numbers of one's own: the same seed, the same numbers."""

    def __init__(self, seed: int) -> None:
        self.numpy = np.random.RandomState(seed)
        self.torch = torch.Generator().manual_seed(seed)


@contextmanager
def lent(dice: Dice, device: torch.device) -> Iterator[None]:
    """Let Lucent draw from `dice` and compute on `device`, until the end of the block."""
    with _LENDING, _drawing_from(dice), _on(device):
        yield


@contextmanager
def _drawing_from(dice: Dice) -> Iterator[None]:
    before = np.random.get_state(), torch.get_rng_state()
    np.random.set_state(dice.numpy.get_state())
    torch.set_rng_state(dice.torch.get_state())
    try:
        yield
    finally:
        dice.numpy.set_state(np.random.get_state())
        dice.torch.set_state(torch.get_rng_state())
        np.random.set_state(before[0])
        torch.set_rng_state(before[1])


@contextmanager
def _on(device: torch.device) -> Iterator[None]:
    before = spatial.device, transform.device
    spatial.device = transform.device = device
    try:
        yield
    finally:
        spatial.device, transform.device = before
