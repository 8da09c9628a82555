"""Maps per second of the methods that need one pass, against one bare forward and backward pass of the same network.

The budget is 1.2 passes a map, so a ratio of 1 / 1.2 = 0.83 or more keeps it. Grad-CAM's backward pass ends at its
layer: it can be faster than the reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from core.benchmarks.timing import Comparison, compare
from core.interpretability.attribution.attribute import attribute
from core.networks.googlenet import googlenet

METHODS = ("saliency", "gradcam")
AGAINST = "one forward and backward pass of the same network, channels last"


def bench_attribute(device: str, size: int = 224, images: int = 8, rounds: int = 5) -> Iterator[Comparison]:
    """Yield one comparison a method, in maps per second, one image of `size` pixels at a time."""
    torch.manual_seed(0)
    network = googlenet(initialise=True).eval().requires_grad_(False).to(device)
    pictures = [torch.rand((1, 3, size, size), device=device) for _ in range(images)]
    for method in METHODS:
        yield compare(
            f"{method}, {size} px",
            partial(_maps, network, pictures, method),
            partial(_bare_passes, network, pictures),
            against=AGAINST,
            unit="maps/s",
            device=device,
            rounds=rounds,
        )


def _maps(network: nn.Module, pictures: Sequence[Tensor], method: str) -> int:
    for picture in pictures:
        attribute(network, picture, torch.tensor([0]), method)
    return len(pictures)


def _bare_passes(network: nn.Module, pictures: Sequence[Tensor]) -> int:
    for picture in pictures:
        leaf = picture.clone(memory_format=torch.channels_last).requires_grad_()
        torch.autograd.grad(network(leaf)[0, 0], leaf)[0].cpu()
    return len(pictures)
