"""Maps per second of every method, against the bare passes that its entry says it needs, of the same network.

The budget is 1.2 times those passes, so a ratio of 1 / 1.2 = 0.83 or more keeps it. The backward pass of a class
activation map ends at its layer: it can be faster than the reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from core.benchmarks.timing import Comparison, compare
from core.interpretability.attribution.attribute import attribute
from core.interpretability.attribution.method import Cost, Value, batches
from core.interpretability.attribution.passes import passes_at_once
from core.interpretability.attribution.registry import METHODS
from core.networks.googlenet import googlenet

# A batch or two of passes, where a method's own settings take hundreds: what is added to the passes weighs more so.
FEW: Mapping[str, Mapping[str, Value]] = {
    "smoothgrad": {"samples": 16},
    "vargrad": {"samples": 16},
    "ig": {"steps": 16},
    "gradshap": {"samples": 16},
    "deepliftshap": {"draws": 8},
    "occlusion": {"grid": 4, "window": 2},
    "ablation": {"superpixels": 24},
    "kernelshap": {"superpixels": 12, "samples": 30},
}


def bench_attribute(device: str, size: int = 224, images: int = 8, rounds: int = 5) -> Iterator[Comparison]:
    """Yield one comparison a method, in maps per second, one image of `size` pixels at a time.

    Methods of one pass get all `images`, those of many passes as many as make for the same work, one at least.
    """
    torch.manual_seed(0)
    network = googlenet(initialise=True).eval().requires_grad_(False).to(device)
    pictures = [interpolate(torch.rand((1, 3, 14, 14), device=device), size=size) for _ in range(images)]
    for method in METHODS:
        cost = _cost(network, pictures[0], method)
        some = pictures[: max(1, images // cost.forward)]
        yield compare(
            f"{method}, {size} px",
            partial(_maps, network, some, method),
            partial(_bare_passes, network, some, cost),
            against=f"{cost.forward} forward and {cost.backward} backward passes of the same network, channels last",
            unit="maps/s",
            device=device,
            rounds=rounds,
        )


def _cost(network: nn.Module, picture: Tensor, method: str) -> Cost:
    """Return the passes of one map: those its entry states, or the fewer that it really makes."""
    stated, seen = METHODS[method].cost(METHODS[method].settings(FEW.get(method))), []
    handle = network.register_forward_hook(lambda module, inputs, logits: seen.append(len(logits)))
    _maps(network, [picture], method)
    handle.remove()
    return Cost(min(stated.forward, sum(seen)), stated.backward)


def _maps(network: nn.Module, pictures: Sequence[Tensor], method: str) -> int:
    for picture in pictures:
        start = torch.zeros_like(picture)
        draws = torch.rand((1, 8, *picture.shape[1:]), device=picture.device) if METHODS[method].draws else start
        few: dict[str, Any] = {**FEW.get(method, {})}
        attribute(network, picture, torch.tensor([0]), method, baselines=draws, **few)
    return len(pictures)


def _bare_passes(network: nn.Module, pictures: Sequence[Tensor], cost: Cost) -> int:
    for picture in pictures:
        alone = picture.expand(cost.forward - cost.backward, *picture.shape[1:])
        with torch.no_grad():
            for part in batches(alone, passes_at_once(picture)):
                network(part.contiguous(memory_format=torch.channels_last))[:, 0].cpu()
        for part in batches(picture.expand(cost.backward, *picture.shape[1:]), passes_at_once(picture)):
            leaf = part.clone(memory_format=torch.channels_last).requires_grad_()
            torch.autograd.grad(network(leaf)[:, 0].sum(), leaf)[0].cpu()
    return len(pictures)
