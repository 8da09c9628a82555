"""What an attribution method is: an entry that says what it does, what it cannot tell and what it costs.

Neither this file nor the entries load torch or captum before a map is asked for, so that pages can list the methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.errors import InvalidSettingError

if TYPE_CHECKING:
    from torch import Tensor, nn

Value = int | float | str


@dataclass(frozen=True)
class Number:
    """A parameter between `low` and `high`, both included; a whole number if `whole`."""

    name: str
    title: str
    meaning: str
    default: float
    low: float
    high: float
    whole: bool = False

    def check(self, value: Value) -> Value:
        """Return the value as it is used; InvalidSettingError if it is outside the range."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high or (self.whole and value != int(value)):  # type: ignore[operator]
            kind = "a whole number" if self.whole else "a number"
            raise refused(self.name, value, f"{kind} from {self.low:g} to {self.high:g}", self.default)
        return int(value) if self.whole else float(value)


@dataclass(frozen=True)
class Choice:
    """A parameter that is one of `options`."""

    name: str
    title: str
    meaning: str
    default: str
    options: tuple[str, ...]

    def check(self, value: Value) -> Value:
        """Return the value; InvalidSettingError if it is none of the options."""
        if value not in self.options:
            raise refused(self.name, value, ", ".join(self.options), self.default)
        return value


Parameter = Number | Choice


def refused(name: str, value: object, allowed: str, default: Value) -> InvalidSettingError:
    """Say what was wrong with the parameter `name`."""
    return InvalidSettingError(f"{name} {value!r}", allowed, f"leave it out for {default}")


@dataclass(frozen=True)
class Query:
    """One question to one network: what counts in these images for these classes?"""

    module: nn.Module  # in evaluation mode
    inputs: Tensor  # (n, 3, h, w) float32, normalised, without gradient
    targets: Tensor  # (n,) int64 class indices
    seed: int = 0
    # In the space of the inputs, for methods that need them: (n, 3, h, w), or (n, draws, 3, h, w) of a distribution.
    baselines: Tensor | None = None
    batch: int = 1  # images to put through the network at once

    def leaf(self) -> Tensor:
        """Return the inputs as a tensor that asks for a gradient."""
        return self.inputs.detach().requires_grad_()

    def part(self, start: int, size: int) -> Query:
        """Return the same question for `size` images from `start` on."""
        chosen = slice(start, start + size)
        baselines = None if self.baselines is None else self.baselines[chosen]
        return replace(self, inputs=self.inputs[chosen], targets=self.targets[chosen], baselines=baselines)

    def at(self, points: Tensor) -> Query:
        """Return the question about the class of this query's one image at other points (m, 3, h, w)."""
        return replace(self, inputs=channels_last(points), targets=self.targets.expand(len(points)), baselines=None)


@dataclass(frozen=True)
class Cost:
    """Passes through the network for one image."""

    forward: int
    backward: int


def one_pass(parameters: Mapping[str, Value]) -> Cost:
    """Return the cost of a single gradient."""
    return Cost(1, 1)


def passes(parameter: str) -> Callable[[Mapping[str, Value]], Cost]:
    """Return the cost of a method that takes as many gradients as the parameter says."""
    return lambda parameters: Cost(int(parameters[parameter]), int(parameters[parameter]))


@dataclass(frozen=True)
class Method:
    """An attribution method: `explain(query, **parameters)` returns maps (n, h, w) on the query's device."""

    name: str  # the key, as on the command line
    title: str
    meaning: str  # one line
    limits: str  # what it cannot tell, one line
    unit: str  # of a map's values
    signed: bool
    explain: Callable[..., Tensor]
    cost: Callable[[Mapping[str, Value]], Cost] = one_pass
    parameters: tuple[Parameter, ...] = ()
    baseline: str | None = None  # where its path begins unless asked otherwise; None: it needs no baseline
    draws: str | None = None  # the parameter that says how many pictures its baseline is drawn from; None: one picture
    random: bool = False  # the seed matters
    complete: bool = False  # a map sums to f(image) - f(baseline)
    one_by_one: bool = False  # each image alone, in batches of the passes that it takes; else many images at once

    def settings(self, given: Mapping[str, Value] | None = None) -> dict[str, Value]:
        """Return all parameters: the given ones checked, the rest by default; InvalidSettingError for a bad one."""
        values = dict(given or {})
        names = [parameter.name for parameter in self.parameters]
        for name in values.keys() - set(names):
            allowed = ", ".join(names) or "none"
            raise InvalidSettingError(f"{self.title} has no parameter {name!r}", allowed, "leave it out")
        return {each.name: each.check(values.get(each.name, each.default)) for each in self.parameters}


def batches(values: Tensor, size: int) -> Iterator[Tensor]:
    """Yield the values in the order they have, `size` at a time."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def channels_last(images: Tensor) -> Tensor:
    """Return a copy of images (n, 3, h, w) in the layout that halves a CPU's time for a pass.

    A copy, as a single image's layout is ambiguous: what has only its shape can pass for it and be slow.
    """
    import torch

    return images.clone(memory_format=torch.channels_last)


def strongest(values: Tensor) -> Tensor:
    """Reduce the colour channels of an unsigned map: (n, 3, h, w) to the largest magnitude (n, h, w)."""
    return values.abs().amax(1)


def summed(values: Tensor) -> Tensor:
    """Reduce the colour channels of a signed map: (n, 3, h, w) to their sum (n, h, w), which keeps the total."""
    return values.sum(1)
