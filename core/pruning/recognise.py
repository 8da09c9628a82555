"""Recognise what was pruned, and how, from the zeros of a network that was pruned elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.layer_names import LAYERS
from core.networks.layers import channel_parameters, layer
from core.pruning.masks import Masks, Sparsity, sparsity

NONE, MIXED = "none", "mixed"
STRAY = 1e-3  # share of a layer's weights that may be zero by accident: of the smallest, float16 makes zeros
_EXPLAINED = 0.99  # share of the zeros in whole groups that are in filters, or in input channels, if one was removed
_FEW = 0.01  # share of weights in groups that may have been dead before
# Where a share q of single weights is gone, a group of n is empty with the probability q^n. The smallest groups have
# 16 weights; their magnitudes are alike, so that more are empty than that (measured on trained networks up to 0.99).
_CHANCE = 8


@dataclass(frozen=True)
class LayerZeros:
    """The zeros of one layer: single weights, whole filters (output channels), whole input channels."""

    name: str
    weights: int
    zeros: int
    filters: int
    zero_filters: int
    inputs: int
    zero_inputs: int
    within_filters: int  # zeros that lie in zero filters
    within_inputs: int  # zeros that lie in zero input channels
    within_groups: int  # zeros that lie in either
    silent: int  # zero filters whose scale and shift, or bias, are zero as well

    @property
    def sparsity(self) -> float:
        """The share of the weights that are zero."""
        return self.zeros / self.weights

    @property
    def scattered(self) -> bool:
        """Whether zeros lie outside whole groups, more of them than by accident."""
        return self.zeros - self.within_groups > STRAY * (self.weights - self.within_groups)

    @property
    def touched(self) -> bool:
        """Whether anything was pruned here."""
        return self.scattered or self.within_groups > 0


@dataclass(frozen=True, eq=False)
class RecognisedPruning:
    """What a network's zeros look like.

    `technique` is a key of `TECHNIQUES`; `none` if nothing was pruned; `mixed` if no single technique leaves such
    zeros. `form` is told of structured pruning: `clean` if the scale and shift (or bias) of every zero filter are zero
    too, `published` if of none, `mixed` if of some. `masks` remove what was pruned and nothing else, so that they can
    be held in a retraining; zeros by accident beside whole groups are not in them.
    """

    technique: str
    form: str  # "" where it is not structured
    layers: tuple[LayerZeros, ...]  # the 57 convs and fc, in the order of the network
    masks: Masks
    sparsity: Sparsity  # of the masks: the place of the network on the curve

    @property
    def pruned(self) -> tuple[str, ...]:
        """The names of the layers where anything was pruned."""
        return tuple(one.name for one in self.layers if one.touched)


@torch.no_grad()
def recognise_pruning(module: nn.Module) -> RecognisedPruning:
    """Return what was pruned in a GoogLeNet, judged by its zeros alone; the module is not changed.

    Zeros outside whole filters and whole input channels make it unstructured, unless the whole ones are more than the
    single ones explain: at a high rate, single weights empty some groups as well. Raises what `layer` raises.
    """
    layers = tuple(_zeros(module, name) for name in LAYERS)
    technique = _technique([one for one in layers if one.touched])
    masks = _masks(module, technique, [one for one in layers if one.touched])
    form = _form(layers) if technique == "structured" else ""
    return RecognisedPruning(technique, form, layers, masks, sparsity(module, masks))


def _zeros(module: nn.Module, name: str) -> LayerZeros:
    zero = _zero_places(module, name)
    filters, inputs = zero.all(2).all(1), zero.all(2).all(0)
    kernel, (count_out, count_in) = zero.shape[2], zero.shape[:2]
    gone_out, gone_in = int(filters.sum()), int(inputs.sum())
    return LayerZeros(
        name=name,
        weights=zero.numel(),
        zeros=int(zero.sum()),
        filters=count_out,
        zero_filters=gone_out,
        inputs=count_in,
        zero_inputs=gone_in,
        within_filters=gone_out * count_in * kernel,
        within_inputs=gone_in * count_out * kernel,
        within_groups=(gone_out * count_in + gone_in * (count_out - gone_out)) * kernel,
        silent=int((filters & _silent(module, name)).sum()),
    )


def _zero_places(module: nn.Module, name: str) -> Tensor:
    """Return which weights of a layer are zero: (out, in, kernel) bool."""
    weight = layer(module, name).weight
    return weight.reshape(*weight.shape[:2], -1) == 0


def _silent(module: nn.Module, name: str) -> Tensor:
    """Return for which channels of a layer scale and shift, or bias, are zero: (out,) bool."""
    parameters = dict(module.named_parameters())
    return torch.stack([parameters[key] == 0 for key in channel_parameters(module, name)]).all(0)


def _technique(touched: Sequence[LayerZeros]) -> str:
    if not touched:
        return NONE
    scattered = [one for one in touched if one.scattered]
    if not scattered:
        return _whole_groups(touched)
    emptied = all(one.zeros == one.weights for one in touched if not one.scattered)
    return "unstructured" if emptied and _empties_by_chance(scattered) else MIXED


def _whole_groups(touched: Sequence[LayerZeros]) -> str:
    """Name the technique whose groups hold the zeros; filters where all layers are empty, and either would do."""
    within = sum(one.within_groups for one in touched)
    if sum(one.within_filters for one in touched) >= _EXPLAINED * within:
        return "structured"
    return "connection" if sum(one.within_inputs for one in touched) >= _EXPLAINED * within else MIXED


def _empties_by_chance(scattered: Sequence[LayerZeros]) -> bool:
    """Whether whole groups are no larger a share of these layers than removing single weights leaves behind."""
    weights = sum(one.weights for one in scattered)
    within = sum(one.within_groups for one in scattered)
    single = sum(one.zeros for one in scattered) - within
    return within / weights <= _FEW + (single / (weights - within)) ** _CHANCE


def _masks(module: nn.Module, technique: str, touched: Sequence[LayerZeros]) -> Masks:
    masks: Masks = {}
    for one in touched:
        weight = layer(module, one.name).weight
        zero = _zero_places(module, one.name)
        filters, inputs = zero.all(2).all(1), zero.all(2).all(0)
        gone = zero if one.scattered else (filters[:, None] | inputs)[:, :, None].expand_as(zero)
        masks[f"{one.name}.weight"] = ~gone.reshape(weight.shape)
        if technique in ("structured", MIXED) and one.silent:
            kept = ~(filters & _silent(module, one.name))
            masks |= {key: kept.clone() for key in channel_parameters(module, one.name)}
    return masks


def _form(layers: Sequence[LayerZeros]) -> str:
    silent, zero = sum(one.silent for one in layers), sum(one.zero_filters for one in layers)
    return "clean" if silent == zero else "published" if silent == 0 else MIXED
