"""DeepLIFT's rules: for a while, a network whose gradient is that of a line from a baseline to an image.

Each nonlinear module keeps its output but passes gradients back as a linear map would, L with L(difference of inputs) =
difference of outputs. The network's gradient then holds DeepLIFT's multipliers, and they add up.

captum's DeepLift changes the gradients of tensors instead. That breaks where several branches share a tensor, as
before the pooling of an inception block, or where one module's output is the next one's input, as with a ReLU before
a pooling; and its rule for pooling loses gradients where windows overlap (captum issue 1276). On GoogLeNet its maps
miss the logit's rise by a third. A module's own step in the graph has none of these troubles, and the baseline's pass
needs no gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from core.interpretability.attribution.passes import hooked
from core.networks.blocks import LocalResponseNorm

CLOSE = 1e-3  # energies in units of the norm's constant: the tangent in between misses the slope by a ten-millionth

Pair = tuple[Tensor, Tensor]  # a module's input and output
Back = Callable[[Tensor], Tensor]  # from the gradient at the output to that at the input


@contextmanager
def rescaled(module: nn.Module, baselines: Tensor) -> Iterator[None]:
    """Make gradients those of the line from `baselines` (n, 3, h, w) to the n images that are put in once meanwhile."""
    parts = [part for part in module.modules() if type(part) in RULES]
    seen: dict[nn.Module, Pair] = {}
    with hooked(parts, partial(_remember, seen)), torch.no_grad():
        module(baselines)
    with hooked(parts, partial(_replace, seen)):
        yield


def _remember(seen: dict[nn.Module, Pair], part: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
    seen[part] = inputs[0], output


@torch.no_grad()
def _replace(seen: dict[nn.Module, Pair], part: nn.Module, inputs: tuple[Tensor], output: Tensor) -> Tensor:
    back = RULES[type(part)](part, (inputs[0].detach(), output.detach()), seen.pop(part))
    with torch.enable_grad():
        replaced: Tensor = _Step.apply(inputs[0], output.detach(), back)  # type: ignore[no-untyped-call]
    return replaced


class _Step(torch.autograd.Function):
    """Output given, gradient by a rule."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, output: Tensor, back: Back) -> Tensor:
        ctx.back = back
        return output.detach()  # a view would forget the memory format of a single image

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return ctx.back(gradient), None, None


def _slope(rise: Tensor, step: Tensor) -> Tensor:
    """Return rise / step, in place of the rise; what does not step does not rise, and passes nothing on."""
    return rise.div_(step).nan_to_num_(nan=0.0)


def _relu(part: nn.Module, image: Pair, baseline: Pair) -> Back:
    """Return the rescale rule: every unit has the slope of the line from the baseline to the image."""
    slope = _slope(image[1] - baseline[1], image[0] - baseline[0])
    return lambda gradient: gradient * slope


def _max_pool(part: nn.MaxPool2d, image: Pair, baseline: Pair) -> Back:
    """Return captum's rule for a window: a rise above the baseline is the doing of the image's largest pixel.

    A fall below it is the doing of the pixel that was largest in the baseline.
    """
    window = part.kernel_size, part.stride, part.padding, part.dilation, part.ceil_mode
    here, there = (max_pool2d(values, *window, return_indices=True)[1] for values, _ in (image, baseline))
    moved = torch.where(image[1] > baseline[1], here, there)
    slope = _slope(image[1] - baseline[1], _at(moved, image[0] - baseline[0]))
    sizes = [[size, size] if isinstance(size, int) else list(size) for size in window[:4]]
    values = image[0]

    def back(gradient: Tensor) -> Tensor:
        passed: Tensor = torch.ops.aten.max_pool2d_with_indices_backward(
            gradient * slope, values, *sizes, part.ceil_mode, moved
        )
        return passed

    return back


def _at(indices: Tensor, values: Tensor) -> Tensor:
    """Return the values (n, c, h, w) at indices (n, c, h', w') into their h x w planes, channels last as they came."""
    places, pixels = indices.permute(0, 2, 3, 1), values.permute(0, 2, 3, 1).flatten(1, 2)
    return pixels.gather(1, places.flatten(1, 2)).view(places.shape).permute(0, 3, 1, 2)


def _local_response_norm(part: LocalResponseNorm, image: Pair, baseline: Pair) -> Back:
    """Return a rule for x scale(energy(x)), exact: a product's rise is shared evenly by its two factors.

    x s - x' s' = (s + s')/2 (x - x') + (x + x')/2 (s - s'); the scale has the slope of its line; and the energy is a
    sum of squares, whose rise is the sum of (x + x') (x - x').
    """
    energy, reference = part.energy(image[0]), part.energy(baseline[0])
    scale, middle = (part.scale(energy) + part.scale(reference)) / 2, (image[0] + baseline[0]) / 2
    bend = middle * _scale_slope(part, energy, reference)
    neighbours = partial(_transposed, part.neighbours)
    return lambda gradient: scale * gradient + 2 * middle * neighbours(bend * gradient)


def _scale_slope(part: LocalResponseNorm, energy: Tensor, reference: Tensor) -> Tensor:
    """Return the slope of the scale between two energies; of close ones, the tangent: their difference is rounding."""
    weight, rise = part.alpha / part.size, energy - reference
    tangent = -part.beta * weight * (part.k + weight * (energy + reference) / 2).pow(-part.beta - 1)
    return torch.where(weight * rise.abs() < CLOSE, tangent, (part.scale(energy) - part.scale(reference)) / rise)


def _transposed(linear: Callable[[Tensor], Tensor], gradient: Tensor) -> Tensor:
    """Apply the transpose of a linear map of tensors to tensors of the same shape."""
    with torch.enable_grad():
        start = torch.zeros_like(gradient).requires_grad_()
        return torch.autograd.grad(linear(start), start, gradient)[0]


RULES: dict[type[nn.Module], Callable[..., Back]] = {
    nn.ReLU: _relu,
    nn.MaxPool2d: _max_pool,
    LocalResponseNorm: _local_response_norm,
}
