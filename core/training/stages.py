"""What each step of an iterative pruning removes, and that it stays removed."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from core.errors import InvalidSettingError, PrunescopeError
from core.layer_names import INCEPTION_CONVS
from core.networks.layers import layer
from core.pruning.masks import Masks, groups, make_masks
from core.pruning.settings import Pruning
from core.pruning.techniques import TECHNIQUES


def stage_masks(module: nn.Module, pruning: Pruning, earlier: Masks) -> Masks:
    """Return what is removed in a step: all that the steps before removed, and more, exactly as much as is asked.

    Raises PrunescopeError if anything that was removed before were to come back.
    """
    masks = make_masks(module, pruning, earlier)
    back = [name for name, mask in earlier.items() if name not in masks or bool((masks[name] & ~mask).any())]
    if back:
        raise PrunescopeError(f"a step of pruning would bring back removed values of {', '.join(back[:3])}")
    return masks


@torch.no_grad()
def weights_sparsity(module: nn.Module) -> float:
    """Return the share of zeros in the weights of the 54 inception convs, whatever made them zero."""
    parameters = dict(module.named_parameters())
    weights = [parameters[f"{name}.weight"] for name in INCEPTION_CONVS]
    zeros = torch.stack([weight.numel() - weight.count_nonzero() for weight in weights]).sum()
    return int(zeros) / sum(weight.numel() for weight in weights)


@torch.no_grad()
def require_held(module: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Raise PrunescopeError unless every value that the masks remove is zero: in each layer its very sparsity."""
    parameters = dict(module.named_parameters())
    if not masks:
        return
    back = [parameters[name].masked_fill(mask, 0).count_nonzero() for name, mask in masks.items()]
    counts = torch.stack(back)
    wrong = {name: count for name, count in zip(masks, counts.tolist(), strict=True) if count}
    if wrong:
        raise PrunescopeError(f"{sum(wrong.values()):,} removed values came back in {', '.join(list(wrong)[:3])}")


@torch.no_grad()
def still_removed(module: nn.Module, masks: Masks) -> Masks:
    """Return what of the masks' removed values is zero still: where masks are not held, training refills them."""
    parameters = dict(module.named_parameters())
    left = {name: mask | (parameters[name] != 0).to(mask.device) for name, mask in masks.items()}
    return {name: mask for name, mask in left.items() if not mask.all()}


def require_more(module: nn.Module, pruning: Pruning) -> None:
    """Refuse a rate below the sparsity that a network brings with it: it would remove what is gone already.

    Counted in the technique's groups, layer by layer or, where layers are ranked together, over all of them.
    Raises InvalidSettingError.
    """
    if pruning.dense:
        return
    technique = TECHNIQUES[pruning.technique]
    kept = {name: groups(layer(module, name).weight, pruning.technique) for name in pruning.layers}
    counts = {name: (int((~found).sum()), found.numel()) for name, found in kept.items()}
    if pruning.ranking == "global":
        counts = {"all layers": (sum(c[0] for c in counts.values()), sum(c[1] for c in counts.values()))}
    for name, (zeros, number) in counts.items():
        rate = pruning.rates.get(name, pruning.rate)
        if rate and zeros > technique.removed(rate, number):
            raise _too_low(name, rate, zeros / number, technique.meaning)


def _too_low(where: str, rate: float, sparsity: float, unit: str) -> InvalidSettingError:
    return InvalidSettingError(
        f"rate {rate:.2f}, but {sparsity:.1%} of the {unit} of {where} are zero already",
        f"a rate of {sparsity:.3f} or more in the first step",
        "choose a higher rate or fewer steps, or a network that is dense",
    )
