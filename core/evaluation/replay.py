"""What a network says once one of its layers is changed, without running again what does not depend on that layer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision.models.googlenet import Inception

from core.evaluation.inference import folded_copy
from core.pruning.masks import pruned_copy


@dataclass(frozen=True, eq=False)
class Replay:
    """One layer of a folded network, with all that reaches it and all that passes it by, for some images."""

    layer: str
    inputs: Tensor  # what reaches its block
    after: nn.Module  # from its block to the end of its branch
    branches: tuple[Tensor, ...]  # what the branches of its stage yield, itself unchanged
    branch: int  # which of them is its own
    rest: nn.Module  # the stages behind

    def logits(self, block: nn.Module) -> Tensor:
        """Return the logits (n, classes) float32 of the network with `block` in the place of the layer's own."""
        with torch.inference_mode():
            outputs = list(self.branches)
            outputs[self.branch] = self.after(block(self.inputs))
            found: Tensor = self.rest(torch.cat(outputs, 1))
        return found.float()


def changed_block(module: nn.Module, layer: str, masks: Mapping[str, Tensor]) -> nn.Module:
    """Return the block of a layer (conv, batch norm, ReLU; or fc) with the masks applied, folded as `folded_copy` does.

    `module` is the network as it is trained; masks of other layers are of no concern.
    """
    name = _block(layer)
    own = {key.removeprefix(f"{name}."): mask for key, mask in masks.items() if key.startswith(f"{name}.")}
    return folded_copy(pruned_copy(module.get_submodule(name), own))


def replays(folded: nn.Module, inputs: Tensor, layers: Collection[str]) -> Iterator[Replay]:
    """Yield a replay of each of `layers`, in the order of the network, for inputs (n, 3, h, w).

    `folded` is a GoogLeNet from `folded_copy`. Only what one stage needs is held at a time.
    """
    stages, x = _stages(folded), _entering(folded, inputs)
    for place, (name, stage) in enumerate(stages):
        wanted = [layer for layer in layers if f"{_block(layer)}.".startswith(f"{name}.")]
        if wanted:
            rest = nn.Sequential(*(each for _, each in stages[place + 1 :]))
            yield from _of_stage(name, stage, x, rest, wanted)
            layers = [layer for layer in layers if layer not in wanted]
        if not layers:
            return
        x = _run(stage, x)


def _of_stage(name: str, stage: nn.Module, x: Tensor, rest: nn.Module, layers: Collection[str]) -> Iterator[Replay]:
    paths = _branches(name, stage)
    outputs = tuple(_run(nn.Sequential(*path.values()), x) for path in paths)
    for branch, path in enumerate(paths):
        reached, blocks = x, list(path.items())
        for place, (block, part) in enumerate(blocks):
            after = nn.Sequential(*(each for _, each in blocks[place + 1 :]))
            yield from (
                Replay(layer, reached, after, outputs, branch, rest) for layer in layers if _block(layer) == block
            )
            reached = _run(part, reached)


def _branches(name: str, stage: nn.Module) -> Sequence[dict[str, nn.Module]]:
    """Return the blocks of each branch of a stage by name; what is no inception block has one branch, itself."""
    if not isinstance(stage, Inception):
        return [{name: stage}]
    return [
        {f"{name}.{branch}.{part}": each for part, each in blocks.named_children()}
        if isinstance(blocks, nn.Sequential)
        else {f"{name}.{branch}": blocks}
        for branch, blocks in stage.named_children()
    ]


def _stages(module: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return the children of a GoogLeNet, which are registered in the order in which they run."""
    found = list(module.named_children())
    behind = next(place for place, (name, _) in enumerate(found) if name == "avgpool") + 1
    return [*found[:behind], ("flatten", nn.Flatten()), *found[behind:]]


def _entering(module: nn.Module, inputs: Tensor) -> Tensor:
    """Return what reaches the first layer: some weights want the inputs scaled anew, and the network does it."""
    kept: list[Tensor] = []

    def keep(_: nn.Module, given: tuple[Tensor]) -> Tensor:
        kept.append(given[0])
        return given[0][:1]  # what is behind runs for one image only: nobody asks what it says

    handle = next(iter(module.children())).register_forward_pre_hook(keep)
    try:
        _run(module, inputs.contiguous(memory_format=torch.channels_last))
    finally:
        handle.remove()
    return kept[0]


def _run(module: nn.Module, x: Tensor) -> Tensor:
    with torch.inference_mode():
        found: Tensor = module(x)
    return found


def _block(layer: str) -> str:
    return layer.removesuffix(".conv")
