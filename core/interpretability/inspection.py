"""Look into one network: what it predicts for images, and what in them it goes by."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.interpretability.attribution.attribute import attribute
from core.interpretability.attribution.baselines import BASELINES
from core.interpretability.attribution.completeness import completeness_error, logit_rise
from core.interpretability.question import Question
from core.networks.network import Network
from core.progress import Progress, silent
from core.pruning.masks import Masks, Sparsity, sparsity


@dataclass(frozen=True, eq=False)
class Subject:
    """A network, dense, pruned or retrained, ready to be looked into: not folded, parameters frozen, on a device."""

    network: Network
    module: nn.Module
    device: str
    sparsity: Sparsity


def subject(network: Network, module: nn.Module, masks: Masks, device: str = "cpu") -> Subject:
    """Return a module, from which is removed what the masks say, ready to be looked into.

    `network` is the dense network that it was made from: what it is shown and which classes it tells apart. The module
    is taken over: frozen, moved to the device and laid out anew. The dense network's own, which others share, is
    refused.
    """
    if module is network.module:
        raise ValueError("the shared dense network is to be copied before it is looked into")
    frozen = module.eval().requires_grad_(False)
    fast = frozen.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in its stub
    return Subject(network, fast, device, sparsity(fast, masks))


def probabilities(subject: Subject, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the probability of each class for images (n, h, w, 3) uint8 as the network is shown them: (n, classes)."""
    with one_at_a_time(subject.device), torch.inference_mode():
        shares: Tensor = subject.module(subject.network.inputs(_batch(subject, pixels))).float().softmax(1)
    values: NDArray[np.float32] = shares.cpu().numpy()
    return values


def attributions(
    subject: Subject,
    pixels: NDArray[np.uint8],
    targets: Sequence[int],
    question: Question,
    progress: Progress = silent,
) -> NDArray[np.float32]:
    """Return how much each pixel of images (n, h, w, 3) uint8 counts for the logits of classes `targets`: (n, h, w).

    The targets are what `target_class` returns for the question. `progress` hears of each batch of passes and may
    raise to cancel: nothing stays behind in the network, and the device is free. Raises the errors of `attribute`.
    """
    batch = _batch(subject, pixels)
    with one_at_a_time(subject.device):
        maps = attribute(
            subject.module,
            subject.network.inputs(batch),
            torch.tensor(list(targets)),
            question.method,
            baselines=_start(subject, batch, question),
            seed=question.seed,
            progress=progress,
            **question.settings,
        )
    values: NDArray[np.float32] = maps.numpy()
    return values


def completeness(
    subject: Subject,
    pixels: NDArray[np.uint8],
    targets: Sequence[int],
    question: Question,
    maps: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the rise of each target's logit from the baseline, and the maps' completeness error: two arrays (n,).

    Arguments as for `attributions`, and its maps (n, h, w). None for a method whose maps promise no sum.
    """
    batch, classes = _batch(subject, pixels), torch.tensor(list(targets))
    start = _start(subject, batch, question)
    if start is None or not question.entry.complete:
        return None
    asked = subject.module, subject.network.inputs(batch), start, classes
    with one_at_a_time(subject.device):
        rise = logit_rise(*asked)
        return rise.numpy(), completeness_error(
            *asked, torch.from_numpy(maps.copy())
        ).numpy()  # a column of records has odd strides


@cache
def one_at_a_time(device: str) -> threading.RLock:
    """Return this process's lock on a device: whoever computes there while others look holds it."""
    return threading.RLock()


def _start(subject: Subject, batch: Tensor, question: Question) -> Tensor | None:
    """Return the pictures where the question's paths begin, as the network is shown them; None if it needs none.

    (n, 3, h, w); of a random baseline, for methods that want a distribution, (n, draws, 3, h, w).
    """
    if question.start is None:
        return None
    baseline, draws = BASELINES[question.start], question.entry.draws
    if draws is None or not baseline.random:
        return subject.network.inputs(baseline.make(batch, question.seed))
    count = int(question.settings[draws])
    seeds = range(count * question.seed, count * (question.seed + 1))  # another seed shares no draw
    return torch.stack([subject.network.inputs(baseline.make(batch, seed)) for seed in seeds], 1)


def _batch(subject: Subject, pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pixels).to(subject.device)
