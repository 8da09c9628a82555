"""Physical removal: a network without the channels that say nothing, or that nothing listens to.

Zeros alone make nothing faster: a masked network is computed like a dense one. A network without the channels is
smaller and faster and computes the same. What depends on what is found by torch-pruning's dependency graph (Fang et
al. 2023, DepGraph), which follows the channels through pools and concatenations.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch_pruning
from torch import Tensor, nn

from core.errors import InvalidSettingError
from core.networks.blocks import LocalResponseNorm
from core.networks.layers import Layer
from core.words import count

_TRACED = 64  # pixels a side of the image that is sent through a network to see what depends on what


@dataclass(frozen=True, eq=False)
class Compact:
    """A smaller network that computes the same, with the layers' names of the whole one."""

    module: nn.Module  # of its own, in evaluation mode, frozen
    removed: Mapping[str, tuple[int, ...]]  # layer -> its output channels that are gone, in the order of the network

    @property
    def channels(self) -> int:
        """How many channels are gone."""
        return sum(map(len, self.removed.values()))


class _AcrossChannels(nn.Module):
    """Stands, while dependencies are traced, for a layer that computes with neighbouring channels."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the values in an operation that the tracer sees."""
        return x * 1


def compact(module: nn.Module) -> Compact:
    """Return a copy of a pruned network without the channels that make no difference; `module` is not changed.

    It looks at values, so that it takes a network as retraining left it; apply the masks first. A channel goes if it
    is silent (its filter and its batch norm's scale and shift, or its bias, are all zero), or unread (every layer that
    is fed by it has zeros there, in all filters that are not gone themselves); input channels that only some of those
    layers ignore stay. A layer that would lose all channels keeps one. Channels that feed a `LocalResponseNorm`
    (conv1 and conv3 of googlenet-bvlc) stay, because their neighbours would change.

    Raises InvalidSettingError with the reason if no channel can go.
    """
    if not _has_gaps(module):
        raise _refusal(module)
    small = copy.deepcopy(module).eval()
    norms = {name: part for name, part in small.named_modules() if isinstance(part, LocalResponseNorm)}
    for name in norms:
        small.set_submodule(name, _AcrossChannels())
    graph, convs = _graph(small), _convs(small)
    removed = _removed(graph, convs)
    if not removed:
        raise _refusal(module)
    for name, channels in removed.items():
        _group(graph, convs[name], channels).prune()
    for name, norm in norms.items():
        small.set_submodule(name, norm)
    return Compact(small.requires_grad_(False), removed)


def _has_gaps(module: nn.Module) -> bool:
    """Return whether any filter, or all weights for any input, are zero: without that nothing need be traced."""
    layers = (part for part in module.modules() if isinstance(part, Layer))
    used = (_connections(layer.weight.detach()) for layer in layers)
    return any(not (one.any(0).all() and one.any(1).all()) for one in used)


def _connections(weight: Tensor) -> Tensor:
    """Return which output is computed from which input: (outputs, inputs) bool."""
    return weight.reshape(*weight.shape[:2], weight.shape[2:].numel()).any(2)


def _convs(module: nn.Module) -> dict[str, nn.Conv2d]:
    """Return the convolutions by name, in the order of the network."""
    return {name: part for name, part in module.named_modules() if isinstance(part, nn.Conv2d)}


def _graph(module: nn.Module) -> torch_pruning.DependencyGraph:
    weight = next(module.requires_grad_(True).parameters())
    with torch.enable_grad():
        return torch_pruning.DependencyGraph().build_dependency(
            module,
            weight.new_zeros(1, 3, _TRACED, _TRACED),
            customized_pruners={_AcrossChannels: torch_pruning.ops.ElementWisePruner()},
            verbose=False,
        )


def _group(graph: torch_pruning.DependencyGraph, conv: nn.Conv2d, channels: Sequence[int]) -> torch_pruning.Group:
    """Return all that has to go together with these output channels of a convolution."""
    return graph.get_pruning_group(conv, torch_pruning.prune_conv_out_channels, list(channels))


def _removed(graph: torch_pruning.DependencyGraph, convs: Mapping[str, nn.Conv2d]) -> dict[str, tuple[int, ...]]:
    """Return what goes from each layer. Seen from the end, so that what a layer reads is known before who feeds it."""
    dead: dict[nn.Module, Tensor] = {}
    for conv in reversed(list(convs.values())):
        group = _group(graph, conv, range(conv.out_channels))
        fixed = any(isinstance(item.dep.target.module, _AcrossChannels) for item in group)
        makes_nothing = _silent(group) | ~_read(group, conv.out_channels, dead)
        dead[conv] = makes_nothing & (not fixed)
    return {name: _but_one(dead[conv]) for name, conv in convs.items() if dead[conv].any()}


def _silent(group: torch_pruning.Group) -> Tensor:
    """Return for which channels all that makes them, the filter, scale, shift and bias, is zero: (channels,) bool."""
    makers = (torch_pruning.prune_conv_out_channels, torch_pruning.prune_batchnorm_out_channels)
    values = [
        value.detach() for item in group if item.dep.handler in makers for value in item.dep.target.module.parameters()
    ]
    return torch.stack([~value.reshape(len(value), -1).any(1).cpu() for value in values]).all(0)


def _read(group: torch_pruning.Group, channels: int, dead: Mapping[nn.Module, Tensor]) -> Tensor:
    """Return for which channels some filter that stays, of any layer they feed, has a weight: (channels,) bool."""
    readers = (torch_pruning.prune_conv_in_channels, torch_pruning.prune_linear_in_channels)
    read = torch.zeros(channels, dtype=torch.bool)
    for item in group:
        if item.dep.handler in readers:
            used = _used_inputs(item.dep.target.module, dead)
            read[torch.tensor(item.root_idxs)[used[item.idxs]]] = True
    return read


def _used_inputs(layer: nn.Module, dead: Mapping[nn.Module, Tensor]) -> Tensor:
    """Return which inputs of a convolution or linear layer the filters that stay have weights for: (inputs,) bool."""
    weight: Tensor = layer.weight.detach().cpu()  # type: ignore[operator]
    return _connections(weight[~dead[layer]] if layer in dead else weight).any(0)


def _but_one(dead: Tensor) -> tuple[int, ...]:
    channels = dead.nonzero().flatten().tolist()
    return tuple(channels[1:] if len(channels) == len(dead) else channels)


def _refusal(module: nn.Module) -> InvalidSettingError:
    return InvalidSettingError(
        f"{_why(module)}, so that nothing can be taken out of the network",
        "channels that are silent, or that no layer reads",
        "prune it structured, in the form clean, or by connection sparsity",
    )


def _why(module: nn.Module) -> str:
    weights = [conv.weight.detach().flatten(1) for conv in _convs(module).values()]
    zeros = sum(int((weight == 0).sum()) for weight in weights)
    empty = [int((~weight.any(1)).sum()) for weight in weights]
    within = sum(filters * weight.shape[1] for filters, weight in zip(empty, weights, strict=True))
    if not zeros:
        return "none of its weights is zero"
    if 2 * within > zeros:
        return f"{count(sum(empty), 'filter')} are zero, but a constant (batch norm's shift, or the bias) passes on"
    return f"its {zeros:,} zeros are single weights"
