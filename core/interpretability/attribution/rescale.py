"""DeepLIFT's rules: for a while, a network that is linear between a baseline and an image.

Each nonlinear module is replaced by a linear map L of its input's difference from the baseline's, with
L(difference in) = difference out. The network's plain gradient then holds DeepLIFT's multipliers, and they add up.

captum's DeepLift gets there by changing the gradients of tensors. That breaks where several branches share a
tensor, as before the pooling of an inception block, or where one module's output is the next one's input, as with
a ReLU before a pooling; and its rule for pooling loses gradients where windows overlap (captum issue 1276). On
GoogLeNet its maps miss the logit's rise by a third. Nothing of that kind can happen to a forward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from core.interpretability.attribution.passes import hooked
from core.networks.blocks import LocalResponseNorm

EPS = 1e-10  # a difference smaller than this is none: the slope is then the gradient
CLOSE = 1e-3  # energies in units of the norm's constant: the tangent in between misses the slope by a ten-millionth

Pair = tuple[Tensor, Tensor]  # a module's input and output


@contextmanager
def rescaled(module: nn.Module, baselines: Tensor) -> Iterator[None]:
    """Make the module linear between `baselines` (n, 3, h, w) and the n images that it is given once meanwhile."""
    parts = [part for part in module.modules() if type(part) in RULES]
    seen: dict[nn.Module, Pair] = {}
    with hooked(parts, partial(_remember, seen)), torch.no_grad():
        module(baselines)
    with hooked(parts, partial(_replace, seen)):
        yield


def _remember(seen: dict[nn.Module, Pair], part: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
    seen[part] = inputs[0], output


def _replace(seen: dict[nn.Module, Pair], part: nn.Module, inputs: tuple[Tensor], output: Tensor) -> Tensor:
    reference, reference_output = seen.pop(part)
    linear = RULES[type(part)](part, (inputs[0].detach(), output.detach()), (reference, reference_output))
    return reference_output + linear(inputs[0] - reference)


def _relu(part: nn.Module, image: Pair, baseline: Pair) -> Callable[[Tensor], Tensor]:
    """Return the rescale rule: every unit has the slope of the line from the baseline to the image."""
    step = image[0] - baseline[0]
    slope = torch.where(step.abs() < EPS, (image[0] > 0).to(step), (image[1] - baseline[1]) / step)
    return lambda steps: slope * steps


def _max_pool(part: nn.MaxPool2d, image: Pair, baseline: Pair) -> Callable[[Tensor], Tensor]:
    """Return captum's rule for a window: what rises above the baseline is the image's largest pixel's doing.

    What falls below it is the doing of the pixel that was largest in the baseline.
    """
    here, there = (_largest(part, values) for values, _ in (image, baseline))
    top = torch.maximum(image[1], baseline[1])
    step = image[0] - baseline[0]
    rise, fall = _slope(top - baseline[1], _at(here, step), 1.0), _slope(image[1] - top, _at(there, step), 0.0)
    return lambda steps: rise * _at(here, steps) + fall * _at(there, steps)


def _largest(part: nn.MaxPool2d, values: Tensor) -> Tensor:
    indices: Tensor = max_pool2d(
        values, part.kernel_size, part.stride, part.padding, part.dilation, part.ceil_mode, return_indices=True
    )[1]
    return indices


def _at(indices: Tensor, values: Tensor) -> Tensor:
    """Return the values (n, c, h, w) at indices (n, c, h', w') into their h x w planes."""
    return values.flatten(2).gather(2, indices.flatten(2)).view(indices.shape)


def _slope(rise: Tensor, step: Tensor, otherwise: float) -> Tensor:
    return torch.where(step.abs() < EPS, otherwise, rise / step)


def _local_response_norm(part: LocalResponseNorm, image: Pair, baseline: Pair) -> Callable[[Tensor], Tensor]:
    """Return a rule for x scale(energy(x)), exact: a product's rise is shared evenly by its two factors.

    x s - x' s' = (s + s')/2 (x - x') + (x + x')/2 (s - s'); the scale has the slope of its line; and the energy is a
    sum of squares, whose rise is the sum of (x + x') (x - x').
    """
    energy, reference = part.energy(image[0]), part.energy(baseline[0])
    scale, middle = (part.scale(energy) + part.scale(reference)) / 2, (image[0] + baseline[0]) / 2
    slope = _scale_slope(part, energy, reference)
    return lambda steps: scale * steps + middle * slope * part.neighbours(2 * middle * steps)


def _scale_slope(part: LocalResponseNorm, energy: Tensor, reference: Tensor) -> Tensor:
    """Return the slope of the scale between two energies; of close ones, the tangent: their difference is rounding."""
    weight, rise = part.alpha / part.size, energy - reference
    tangent = -part.beta * weight * (part.k + weight * (energy + reference) / 2).pow(-part.beta - 1)
    return torch.where(weight * rise.abs() < CLOSE, tangent, (part.scale(energy) - part.scale(reference)) / rise)


RULES: dict[type[nn.Module], Callable[..., Callable[[Tensor], Tensor]]] = {
    nn.ReLU: _relu,
    nn.MaxPool2d: _max_pool,
    LocalResponseNorm: _local_response_norm,
}
