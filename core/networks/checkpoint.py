"""A checkpoint of a GoogLeNet: recognised, checked key by key, in float32."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from core.errors import BrokenDataError
from core.networks import caffe
from core.networks.about import About, read_about
from core.networks.files import read_checkpoint
from core.networks.googlenet import ARCHITECTURES
from core.networks.keys import FIRST, Keys, torchvision_keys
from core.words import count, listed

_COUNTER = ".num_batches_tracked"  # older files do without; nothing that is measured depends on it
_NAMED = 3  # keys of a kind that a message names; the error holds all


class UnfittingKeysError(BrokenDataError):
    """A file whose keys are not those of a GoogLeNet; `faults` has all keys by what is wrong with them."""

    def __init__(self, given: str, allowed: str, mend: str, faults: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(given, allowed, mend)
        self.faults = faults


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The weights of a GoogLeNet in a file, under torchvision's names, and how they were found there."""

    path: Path
    architecture: str  # a key of `ARCHITECTURES`
    state: Mapping[str, Tensor]  # all of the architecture's keys, in its shapes; float32, R before G before B
    about: About
    keys: Keys  # as they were stored
    wrapper: str  # the entry of the file that they were under
    dtypes: tuple[str, ...]  # that the weights were stored in: "float16"
    others: tuple[str, ...] = ()  # entries of the file that hold other weights, which were left out

    @property
    def outputs(self) -> int:
        """How many classes the network tells apart."""
        return len(self.state["fc.weight"])

    @property
    def flipped(self) -> bool:
        """Whether the first convolution was stored for blue, green, red."""
        return self.about.channels == "bgr" or (self.about.channels is None and self.keys.layout == "caffe")


def read_googlenet(path: Path, architecture: str | None = None) -> Checkpoint:
    """Read the GoogLeNet in a file: safetensors, or a weights-only `.pth`.

    `architecture` is looked for in the keys unless it is said. A file in Caffe's layout is taken to read blue, green,
    red, as all of Caffe's do, any other red, green, blue; the file may say otherwise (`channels`).

    Raises MissingFileError if there is no such file; BrokenDataError if it cannot be read without running code, is
    damaged, holds two networks, or what is said of it cannot be meant; UnfittingKeysError unless its keys are, after
    `torchvision_keys`, those of the architecture.
    """
    stored = read_checkpoint(path)
    about = read_about(path, stored.said)
    keys = torchvision_keys(stored.state)
    kind = architecture or ("googlenet-bvlc" if "conv1.conv.bias" in keys.state else "googlenet")
    state = _with_counters(keys.state, _expected(kind, _outputs(keys.state)))
    _check(path, kind, state)
    dtypes = tuple(sorted({str(value.dtype).removeprefix("torch.") for value in _weights(keys.state)}))
    made = {name: value.float() if value.is_floating_point() else value for name, value in state.items()}
    found = Checkpoint(path, kind, made, about, keys, stored.wrapper, dtypes, stored.others)
    if found.flipped:
        made[FIRST] = caffe.rgb_first(made[FIRST])
    return found


def _outputs(state: Mapping[str, Tensor]) -> int:
    head = state.get("fc.weight")
    return len(head) if head is not None and head.ndim == 2 and len(head) else 1000


@cache
def _expected(architecture: str, outputs: int) -> Mapping[str, Tensor]:
    """Return what the architecture's state dict looks like: tensors without values."""
    with torch.device("meta"):
        state: Mapping[str, Tensor] = ARCHITECTURES[architecture](outputs).state_dict()
    return state


def _with_counters(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Add the counters of seen batches where the file has none."""
    counters = {name: torch.tensor(0) for name in expected if name.endswith(_COUNTER)}
    return {**(counters if not counters.keys() & state.keys() else {}), **state}


def _weights(state: Mapping[str, Tensor]) -> list[Tensor]:
    return [value for name, value in state.items() if not name.endswith(_COUNTER)]


def _check(path: Path, architecture: str, state: Mapping[str, Tensor]) -> None:
    """Compare names, shapes and types with the architecture's; the error lists all keys that differ."""
    expected = _expected(architecture, _outputs(state))
    faults = {
        "missing": tuple(name for name in expected if name not in state),
        "unknown": tuple(name for name in state if name not in expected),
        "of another shape": tuple(
            f"{name} {_shape(value)} instead of {_shape(expected[name])}"
            for name, value in state.items()
            if name in expected and value.shape != expected[name].shape
        ),
        "of another type": tuple(
            f"{name} {value.dtype}" for name, value in state.items() if name in expected and not _is_real(name, value)
        ),
    }
    told = [f"{len(keys)} {what} ({_some(keys)})" for what, keys in faults.items() if keys]
    if told:
        raise UnfittingKeysError(
            f"{path} is not a GoogLeNet: keys {'; '.join(told)}",
            f"torchvision's {len(expected)} keys of {architecture}",
            _mend(faults),
            {what: keys for what, keys in faults.items() if keys},
        )


def _is_real(name: str, value: Tensor) -> bool:
    return value.is_floating_point() or (name.endswith(_COUNTER) and not value.is_complex())


def _shape(value: Tensor) -> str:
    return "x".join(map(str, value.shape)) or "a single number"


def _some(keys: tuple[str, ...]) -> str:
    return ", ".join(keys[:_NAMED]) + (", ..." if len(keys) > _NAMED else "")


def _mend(faults: Mapping[str, tuple[str, ...]]) -> str:
    only_shapes = bool(faults["of another shape"]) and not faults["missing"] and not faults["unknown"]
    if only_shapes:
        return "if channels were taken out of the network, choose the masked one that it was made from"
    return "choose a GoogLeNet checkpoint, or the network it belongs to"


def not_finite(state: Mapping[str, Tensor]) -> str:
    """Say which weights are NaN or infinite ("3 values of fc.weight"); "" if none are."""
    counts = {name: int((~value.isfinite()).sum()) for name, value in state.items()}
    told = [f"{count(number, 'value')} of {name}" for name, number in counts.items() if number]
    return listed([*told[:_NAMED], *(["others"] if len(told) > _NAMED else [])])
