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
from core.layer_names import CONVS
from core.networks.blocks import LocalResponseNorm
from core.networks.layers import channel_parameters, layer
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


@dataclass(frozen=True, eq=False)
class _Reader:
    """A layer that takes channels of another: its input `inputs[i]` is the other's channel `channels[i]`."""

    name: str
    inputs: Tensor
    channels: Tensor


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
    small = copy.deepcopy(module).eval()
    norms = _norms(small)
    for name in norms:
        small.set_submodule(name, _AcrossChannels())
    graph = _graph(small)
    removed = _removed(small, graph)
    if not removed:
        raise _refusal(module)
    for name, channels in removed.items():
        _group(graph, layer(small, name), channels).prune()
    for name, norm in norms.items():
        small.set_submodule(name, norm)
    return Compact(small.requires_grad_(False), removed)


def _norms(module: nn.Module) -> dict[str, nn.Module]:
    return {name: part for name, part in module.named_modules() if isinstance(part, LocalResponseNorm)}


def _graph(module: nn.Module) -> torch_pruning.DependencyGraph:
    module.requires_grad_(True)
    image = torch.zeros(1, 3, _TRACED, _TRACED, device=next(module.parameters()).device)
    with torch.enable_grad():
        return torch_pruning.DependencyGraph().build_dependency(
            module,
            image.to(next(module.parameters()).dtype),
            customized_pruners={_AcrossChannels: torch_pruning.ops.ElementWisePruner()},
            verbose=False,
        )


def _group(graph: torch_pruning.DependencyGraph, conv: nn.Module, channels: Sequence[int]) -> torch_pruning.Group:
    return graph.get_pruning_group(conv, torch_pruning.prune_conv_out_channels, list(channels))


def _removed(module: nn.Module, graph: torch_pruning.DependencyGraph) -> dict[str, tuple[int, ...]]:
    """Return what goes from each layer. Seen from the end, so that what a layer reads is known before who feeds it."""
    names = {part: name for name, part in module.named_modules()}
    dead: dict[str, Tensor] = {}
    for name in reversed(CONVS):
        silent = silent_channels(module, name)
        targets = _group(graph, layer(module, name), range(len(silent)))
        fixed = any(isinstance(item.dep.target.module, _AcrossChannels) for item in targets)
        unread = ~_read(module, len(silent), _readers(targets, names), dead)
        dead[name] = torch.zeros_like(silent) if fixed else silent | unread
    return {name: _but_one(dead[name]) for name in CONVS if dead[name].any()}


def silent_channels(module: nn.Module, name: str) -> Tensor:
    """Return which output channels of a layer are zero for every input: (channels,) bool, on the CPU."""
    parameters = dict(module.named_parameters())
    values = [parameters[key].detach() for key in (f"{name}.weight", *channel_parameters(module, name))]
    return torch.stack([~value.reshape(len(value), -1).any(1).cpu() for value in values]).all(0)


def _readers(group: torch_pruning.Group, names: Mapping[nn.Module, str]) -> list[_Reader]:
    inputs = (torch_pruning.prune_conv_in_channels, torch_pruning.prune_linear_in_channels)
    return [
        _Reader(names[item.dep.target.module], torch.tensor(item.idxs), torch.tensor(item.root_idxs))
        for item in group
        if item.dep.handler in inputs
    ]


def _read(module: nn.Module, channels: int, readers: Sequence[_Reader], dead: Mapping[str, Tensor]) -> Tensor:
    """Return which of a layer's channels some filter that stays has a weight for."""
    read = torch.zeros(channels, dtype=torch.bool)
    for reader in readers:
        weight = layer(module, reader.name).weight.detach().cpu()
        filters = weight[~dead[reader.name]] if reader.name in dead else weight
        used = filters.reshape(*filters.shape[:2], weight[0, 0].numel()).any(2).any(0)
        read[reader.channels[used[reader.inputs]]] = True
    return read


def _but_one(dead: Tensor) -> tuple[int, ...]:
    channels = dead.nonzero().flatten().tolist()
    return tuple(channels[1:] if len(channels) == len(dead) else channels)


def _refusal(module: nn.Module) -> InvalidSettingError:
    return InvalidSettingError(
        f"nothing can be taken out of this network: {_why(module)}",
        "channels that are silent, or that no layer reads",
        "prune it structured, in the form clean, or by connection sparsity",
    )


def _why(module: nn.Module) -> str:
    weights = {name: layer(module, name).weight.detach() for name in CONVS}
    zeros = sum(int((weight == 0).sum()) for weight in weights.values())
    empty = {name: ~weight.flatten(1).any(1) for name, weight in weights.items()}
    filters = sum(int(gone.sum()) for gone in empty.values())
    within = sum(int(gone.sum()) * weights[name][0].numel() for name, gone in empty.items())
    if not zeros:
        return "none of its weights is zero"
    if 2 * within > zeros:
        return f"{count(filters, 'filter')} are zero, but a constant (batch norm's shift, or the bias) passes on"
    return f"its {zeros:,} zeros are single weights, which make nothing smaller"
