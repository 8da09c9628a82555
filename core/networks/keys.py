"""From the names that checkpoints are found with to torchvision's: the one place where keys are changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from core.errors import BrokenDataError
from core.networks import caffe

FIRST = "conv1.conv.weight"
_FIRST = re.compile(rf"((?:.*\.)?)(?:{re.escape(FIRST)}(?:_orig)?|{caffe.FIRST})")
_HEADS = ("aux1.", "aux2.")
_ORIGINAL, _MASK = "_orig", "_mask"  # torch.nn.utils.prune keeps a pruned parameter as these two


@dataclass(frozen=True, eq=False)
class Keys:
    """A state dict under torchvision's names, and what was done to come to it."""

    state: Mapping[str, Tensor]  # as stored: neither shapes nor values are checked
    layout: str = "torchvision"  # or "caffe"
    prefix: str = ""  # that was taken off every name
    dropped: tuple[str, ...] = ()  # names of the auxiliary heads' parameters
    masked: tuple[str, ...] = ()  # parameters that were multiplied with the mask beside them


def torchvision_keys(tensors: Mapping[str, Tensor]) -> Keys:
    """Return the tensors of a GoogLeNet under torchvision's names.

    Prefixes that wrappers add (`module.`, `_orig_mod.`, any other) are taken off, auxiliary heads left out, and what
    `torch.nn.utils.prune` split into `weight_orig` and `weight_mask` is multiplied out. Names of Caffe's layout are
    translated; the order of colours stays. Names that are not known stay as they are. BrokenDataError if the file
    holds two networks.
    """
    found = _without_prefix(tensors)
    return _multiplied(_without_heads(found if FIRST in found.state else _from_caffe(found)))


def _without_prefix(tensors: Mapping[str, Tensor]) -> Keys:
    prefixes = sorted({found[1] for name in tensors if (found := _FIRST.fullmatch(name))})
    if len(prefixes) > 1:
        raise BrokenDataError(
            f"the file holds {len(prefixes)} networks, under the names {', '.join(map(repr, prefixes))}",
            "the state dict of one GoogLeNet",
            "save the one that is meant by itself",
        )
    prefix = prefixes[0] if prefixes else ""
    return Keys({name.removeprefix(prefix): value for name, value in tensors.items()}, prefix=prefix)


def _from_caffe(keys: Keys) -> Keys:
    known = {name: renamed for name in keys.state if (renamed := caffe.torchvision_name(name))}
    if FIRST not in known.values():
        return keys
    twice = [name for name, times in Counter(known.values()).items() if times > 1]
    if twice:
        raise BrokenDataError(f"the file holds {twice[0]} twice", "each parameter once", "take one of them away")
    state = {
        known.get(name, name): caffe.without_leading_ones(known[name], value) if name in known else value
        for name, value in keys.state.items()
    }
    return replace(keys, state=state, layout="caffe")


def _without_heads(keys: Keys) -> Keys:
    caffes = keys.layout == "caffe"
    heads = [name for name in keys.state if name.startswith(_HEADS) or (caffes and caffe.is_auxiliary(name))]
    kept = {name: value for name, value in keys.state.items() if name not in set(heads)}
    return replace(keys, state=kept, dropped=tuple(heads))


def _multiplied(keys: Keys) -> Keys:
    """Make one parameter of each original and the mask of its shape beside it."""
    state = dict(keys.state)
    pairs = [name.removesuffix(_ORIGINAL) for name in state if name.endswith(_ORIGINAL)]
    masked = [name for name in pairs if _fit(state[name + _ORIGINAL], state.get(name + _MASK))]
    for name in masked:
        original, mask = state.pop(name + _ORIGINAL), state.pop(name + _MASK)
        state[name] = original.masked_fill(mask == 0, 0)
    return replace(keys, state=state, masked=tuple(masked))


def _fit(original: Tensor, mask: Tensor | None) -> bool:
    return mask is not None and mask.shape == original.shape
