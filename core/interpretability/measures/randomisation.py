"""Networks that know nothing, to hold maps against: what does not change with the weights is not about the network.

Adebayo et al. 2018, "Sanity Checks for Saliency Maps" (arXiv 1810.03292): randomise the layers, from the last to the
first, and see whether the maps change.

Fresh filters are normal, without their mean, of variance g^2 / fan-in with g^2 = 2 / (1 - 1/pi), which keeps the
variance of activations through ReLUs (scaled weight standardisation, Brock, De & Smith 2021, arXiv 2101.08692); the
classifier's rows likewise with g = 1; biases are zero. A batch norm is as new (scale 1, shift 0, mean 0, variance 1):
the trained network's running statistics belong to other activations.

The usual choices make a poor yardstick, because nothing normalises in evaluation: with torchvision's standard
deviation of 0.01 activations vanish, and with He's initialisation all images end up alike. On the demo network their
pooled features then correlate by 0.99, and the logits differ 6 times as much between classes as between images;
without the filters' means it is 0.2 to 0.3, and 1.1 times.
"""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core.errors import InvalidSettingError

THROUGH_RELU = math.sqrt(2 / (1 - 1 / math.pi))  # the variance of a ReLU's output is (1 - 1/pi) / 2 of its input's

FRESH_WEIGHTS = 0  # the seed of the yardstick: one for all questions, so that it is the same network for each


def blocks_of(module: nn.Module) -> tuple[str, ...]:
    """Return the names of the top-level blocks that have parameters, from the last (fc) to the first (conv1)."""
    return tuple(
        reversed([name for name, block in module.named_children() if next(block.parameters(), None) is not None])
    )


def randomised_copy(module: nn.Module, seed: int, blocks: Sequence[str] | None = None) -> nn.Module:
    """Return a copy in which the named blocks (None: all) have fresh parameters; the rest is as it was.

    What a block gets depends on the seed and its name alone, on any device. Zeros of pruned layers are filled; the
    global random state is left as it is. Raises InvalidSettingError for a block that the module does not have.
    """
    known = blocks_of(module)
    for name in known if blocks is None else blocks:
        if name not in known:
            raise InvalidSettingError(f"block {name!r}", ", ".join(known), "choose some of these")
    fresh = copy.deepcopy(module)
    for name in known if blocks is None else blocks:
        _randomise(fresh.get_submodule(name), _generator(seed, name))
    return fresh


def _generator(seed: int, name: str) -> torch.Generator:
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


@torch.no_grad()
def _randomise(block: nn.Module, generator: torch.Generator) -> None:
    for layer in block.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_parameters()
        elif isinstance(layer, nn.Conv2d):
            _draw(layer, THROUGH_RELU, generator)
        elif isinstance(layer, nn.Linear):
            _draw(layer, 1.0, generator)


def _draw(layer: nn.Conv2d | nn.Linear, gain: float, generator: torch.Generator) -> None:
    weight: Tensor = layer.weight
    filters = torch.randn((len(weight), weight[0].numel()), generator=generator)  # on the CPU: the same everywhere
    centred = (filters - filters.mean(1, keepdim=True)) * (gain / math.sqrt(filters.shape[1]))
    weight.copy_(centred.view(weight.shape))
    if layer.bias is not None:
        layer.bias.zero_()
