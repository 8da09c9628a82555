"""Passes through a network that end at the layer one asks about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor, nn


class _ReachedError(Exception):
    """All that was asked for is there: the rest of the pass is not needed."""


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Let no parameter ask for its gradient, until the end of the block: a step is far cheaper then."""
    asking = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in asking:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in asking:
            parameter.requires_grad_(True)


def outputs(module: nn.Module, inputs: Tensor, places: Sequence[str]) -> dict[str, Tensor]:
    """Return what the named parts of a module give for inputs (n, 3, h, w); the pass ends when the last has run.

    Hooks are gone afterwards, whatever happened; errors of the pass are raised.
    """
    found: dict[str, Tensor] = {}

    def note(place: str, values: Tensor) -> None:
        found[place] = values.contiguous()
        if len(found) == len(places):
            raise _ReachedError

    handles = [
        module.get_submodule(place).register_forward_hook(lambda _, __, x, at=place: note(at, x)) for place in places
    ]
    try:
        module(inputs)
    except _ReachedError:
        pass
    finally:
        for handle in handles:
            handle.remove()
    return found
