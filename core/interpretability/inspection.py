"""Look into one network with one image: what it predicts, and what in the image it goes by."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import InvalidSettingError
from core.interpretability.attribution.attribute import attribute
from core.interpretability.attribution.baselines import BASELINES
from core.interpretability.attribution.method import Value
from core.interpretability.attribution.registry import find_method
from core.networks.network import Network
from core.pruning.masks import Sparsity, make_masks, pruned_copy, sparsity
from core.pruning.settings import Pruning

TARGETS: dict[str, str] = {  # whose logit a map is about -> what that is good for
    "true class": "the class that the image is of, for every network",
    "dense prediction": "what the dense network takes the image for, for every network",
    "own prediction": "what each network itself takes the image for: the maps may be about different classes",
}
BASELINE = "black"


@dataclass(frozen=True, eq=False)
class Subject:
    """A network, pruned or dense, ready to be looked into: not folded, parameters frozen, on a device."""

    network: Network
    module: nn.Module
    device: str
    sparsity: Sparsity


def subject(network: Network, pruning: Pruning, device: str = "cpu") -> Subject:
    """Return a copy of the network, pruned; the shared dense network stays as it is."""
    masks = make_masks(network.module, pruning)
    module = pruned_copy(network.module, masks).eval().requires_grad_(False)
    fast = module.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in its stub
    return Subject(network, fast, device, sparsity(module, masks))


def probabilities(subject: Subject, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the probability of each class (classes,) for one image (h, w, 3) uint8, as the network is shown it."""
    with one_at_a_time(subject.device), torch.inference_mode():
        shares: Tensor = subject.module(_inputs(subject, pixels)).float().softmax(1)[0]
    values: NDArray[np.float32] = shares.cpu().numpy()
    return values


def attribution(
    subject: Subject, pixels: NDArray[np.uint8], target: int, method: str, seed: int = 0, **parameters: Value
) -> NDArray[np.float32]:
    """Return how much each pixel of one image (h, w, 3) uint8 counts for the logit of class `target`: (h, w).

    Raises the errors of `attribute`. The baseline of the methods that need one is a black picture.
    """
    with one_at_a_time(subject.device):
        maps = attribute(
            subject.module,
            _inputs(subject, pixels),
            torch.tensor([target]),
            method,
            baselines=_inputs(subject, pixels, BASELINE) if find_method(method).needs_baseline else None,
            seed=seed,
            **parameters,
        )
    values: NDArray[np.float32] = maps[0].numpy()
    return values


def target_class(target: str, label: int, dense: Sequence[float], own: Sequence[float]) -> int:
    """Return the class that a map is about: `target` is one of `TARGETS`, the others are class probabilities."""
    if target not in TARGETS:
        raise InvalidSettingError(f"target {target!r}", ", ".join(TARGETS), "choose one of these")
    classes = {"true class": label, "dense prediction": int(np.argmax(dense)), "own prediction": int(np.argmax(own))}
    return classes[target]


@cache
def one_at_a_time(device: str) -> threading.RLock:
    """Return this process's lock on a device: whoever computes there while others look holds it."""
    return threading.RLock()


def _inputs(subject: Subject, pixels: NDArray[np.uint8], baseline: str | None = None) -> Tensor:
    batch = torch.from_numpy(pixels[None]).to(subject.device)
    return subject.network.inputs(BASELINES[baseline](batch) if baseline else batch)
