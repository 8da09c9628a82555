"""Masks: which values of a network stay.

A mask is a tensor of bools in the shape of a parameter, True for a value that stays, kept under the parameter's name.
A parameter without a mask is whole, so `{}` is the dense network. They are values: nothing in the network knows of
them, it can be copied, saved and trained as ever.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.errors import BrokenDataError
from core.layer_names import CONVS, INCEPTION_CONVS, LAYERS
from core.networks.layers import all_layers, channel_parameters, layer
from core.pruning.criteria import CRITERIA
from core.pruning.scopes import SCOPES
from core.pruning.settings import Pruning
from core.pruning.techniques import TECHNIQUES

Masks = dict[str, Tensor]  # parameter name -> bool, in its shape


@torch.no_grad()
def make_masks(module: nn.Module, pruning: Pruning, earlier: Mapping[str, Tensor] | None = None) -> Masks:
    """Return masks of what `pruning` removes from `module`, on the device of the weights; the module is not changed.

    Groups that the masks `earlier` remove go first, whatever their score: a rate that rises only ever adds to them.

    Scores, thresholds and ties are those of `torch.nn.utils.prune`. Where groups of different layers are ranked
    together (scope global), channels are compared by their mean magnitude (l1: sum / n) or their root mean square
    (l2: norm / sqrt n), n being the number of weights in the channel. Such a ranking may empty a layer; its
    `layer_sparsity` is then 1. Ties are broken as `torch.topk` breaks them, so the masks of a higher rate lie within
    those of a lower one unless both thresholds fall inside one group of equal scores.
    """
    if pruning.dense:
        return {}
    weights = {name: layer(module, name).weight for name in pruning.layers}
    gone = earlier or {}
    scores = {name: _scores(name, weight, pruning, gone.get(f"{name}.weight")) for name, weight in weights.items()}
    kept = SCOPES[pruning.ranking].kept(scores, pruning.rates, TECHNIQUES[pruning.technique])
    masks = {f"{name}.weight": _spread(kept[name], weight, pruning) for name, weight in weights.items()}
    if pruning.form == "clean" and TECHNIQUES[pruning.technique].removes_outputs:
        masks |= {key: kept[name] for name in kept for key in channel_parameters(module, name)}
    return {key: mask for key, mask in masks.items() if not mask.all()}


def _scores(name: str, weight: Tensor, pruning: Pruning, mask: Tensor | None) -> Tensor:
    """Return one score per group; each layer draws from a seed of its own, so that no layer depends on the others."""
    criterion, dim = CRITERIA[pruning.criterion], TECHNIQUES[pruning.technique].dim
    scores = criterion.score(weight, dim, _layer_seed(pruning.seed, name))
    weights_per_group = weight.numel() / scores.numel()
    scores = scores.div(weights_per_group**criterion.growth) if SCOPES[pruning.ranking].compares else scores
    return (
        scores if mask is None else scores.masked_fill(~groups(mask, pruning.technique).to(scores.device), -torch.inf)
    )


def groups(values: Tensor, technique: str) -> Tensor:
    """Return for each group of a weight whether any of its values is other than zero (or True)."""
    dim = TECHNIQUES[technique].dim
    return values != 0 if dim is None else values.transpose(0, dim).flatten(1).any(1)


def _layer_seed(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:8])


def _spread(kept: Tensor, weight: Tensor, pruning: Pruning) -> Tensor:
    """Repeat a mask of groups over the weights of each group."""
    dim = TECHNIQUES[pruning.technique].dim
    if dim is None:
        return kept
    shape = [-1 if d == dim else 1 for d in range(weight.ndim)]
    return kept.view(shape).expand(weight.shape).clone(memory_format=torch.contiguous_format)


@torch.no_grad()
def apply_masks(module: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Set what the masks remove to zero, in place; everything else keeps its bits.

    Raises BrokenDataError if a mask belongs to no parameter of the module or has another shape.
    """
    parameters = dict(module.named_parameters())
    _check_masks(parameters, masks)
    for name, mask in masks.items():
        parameters[name].masked_fill_(~mask.to(parameters[name].device), 0)


def pruned_copy(module: nn.Module, masks: Mapping[str, Tensor]) -> nn.Module:
    """Return a copy of the module with the masks applied; the module itself stays dense."""
    pruned = copy.deepcopy(module)
    apply_masks(pruned, masks)
    return pruned


@contextmanager
def held(module: nn.Module, masks: Mapping[str, Tensor], optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Keep removed values at zero while `optimizer` steps: whatever it adds is taken away before the next forward.

    One multiplication by a mask is no mask: without this a single step of SGD refills the zeros. A removed value may
    become -0.0, which is 0; NaN stays NaN. Raises what `apply_masks` raises.
    """
    apply_masks(module, masks)
    parameters = dict(module.named_parameters())
    masked = [parameters[name].detach() for name in masks]
    factors = [_factor(mask, value) for mask, value in zip(masks.values(), masked, strict=True)]
    hook = optimizer.register_step_post_hook(lambda *_: _multiply(masked, factors))
    try:
        yield
    finally:
        hook.remove()


def joined_masks(*several: Mapping[str, Tensor]) -> Masks:
    """Return masks that remove whatever one of these removes, on the devices of the first."""
    joined: Masks = {}
    for masks in several:
        joined |= {
            name: joined[name] & mask.to(joined[name].device) if name in joined else mask
            for name, mask in masks.items()
        }
    return joined


def _factor(mask: Tensor, value: Tensor) -> Tensor:
    """Return 0 and 1 as the value lies in memory, so that multiplying is one pass over both."""
    return torch.empty_like(value).copy_(mask)


def _multiply(values: list[Tensor], factors: list[Tensor]) -> None:
    if values:
        torch._foreach_mul_(values, factors)


def _check_masks(parameters: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    wrong = [name for name, mask in masks.items() if name not in parameters or parameters[name].shape != mask.shape]
    if wrong:
        raise BrokenDataError(
            f"{len(wrong)} masks do not fit the network ({', '.join(wrong[:3])})",
            "masks of this network's parameters, in their shapes",
            "use the network that they were made for",
        )


@dataclass(frozen=True)
class Sparsity:
    """Shares, 0..1, of what is removed, over three denominators."""

    prunable: float  # of the weights of the 54 inception convs, whichever of them were pruned
    conv: float  # of the weights of all 57 convs; biases, batch norm and fc are not counted
    all: float  # of all parameters: fc, biases and batch norm are counted, removed ones as well


def sparsity(module: nn.Module, masks: Mapping[str, Tensor]) -> Sparsity:
    """Return the shares of the network's values that the masks remove; a weight that happens to be 0 counts as kept."""
    sizes = {name: parameter.numel() for name, parameter in module.named_parameters()}
    return Sparsity(
        prunable=_share([f"{name}.weight" for name in INCEPTION_CONVS], sizes, masks),
        conv=_share([f"{name}.weight" for name in CONVS], sizes, masks),
        all=_share(sizes, sizes, masks),
    )


def layer_sparsity(module: nn.Module, masks: Mapping[str, Tensor]) -> dict[str, float]:
    """Return the share of removed weights of each of the 57 convs and fc, in the order of the network."""
    sizes = {f"{name}.weight": found.weight.numel() for name, found in all_layers(module).items()}
    return {name: _share([f"{name}.weight"], sizes, masks) for name in LAYERS}


def _share(names: Iterable[str], sizes: Mapping[str, int], masks: Mapping[str, Tensor]) -> float:
    chosen = list(names)
    removed = sum(int((~masks[name]).sum()) for name in chosen if name in masks)
    return removed / sum(sizes[name] for name in chosen)
