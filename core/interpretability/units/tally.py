"""What is remembered of every unit while images go by: as much for a thousand images as for a million."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from core.interpretability.units.activity import Activity
from core.interpretability.units.keys import LEAST, MOST, keys, places_of, values_of

SAMPLE = 256  # images whose activations are all kept
_ROWS = 1024  # units at a time: what is computed on the way stays small


@dataclass(frozen=True, eq=False)
class Tally:
    """Of U units over the images so far. The tensors lie on one device and are written in place."""

    top: Tensor  # (U, keep) int64, keys in no order; LEAST where there are fewer images
    bottom: Tensor  # (U, keep) int64; MOST where there are fewer images
    mean: Tensor  # (U,) float64
    spread: Tensor  # (U,) float64, sum of squared distances from the mean
    minimum: Tensor  # (U,) float32
    maximum: Tensor  # (U,) float32
    zeros: Tensor  # (U,) int64
    positions: Tensor  # (U,) int64
    sample: Tensor  # (U, SAMPLE) float32
    class_sums: Tensor  # (U, classes) float32
    class_counts: Tensor  # (classes,) int64

    @property
    def images(self) -> int:
        """How many images went by."""
        return int(self.class_counts.sum())

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def to(self, device: str) -> Tally:
        """Return it on a device."""
        return Tally(**{name: tensor.to(device) for name, tensor in self.tensors().items()})


@dataclass(frozen=True, eq=False)
class Seen:
    """What U units did on n images."""

    values: Tensor  # (U, n) float32
    zeros: Tensor  # (U,) int64
    positions: Tensor  # (U,) int64
    places: Tensor  # (n,) int64
    labels: Tensor  # (n,) int64


def empty_tally(units: int, keep: int, classes: int, device: str = "cpu") -> Tally:
    """Return the tally before the first image."""

    def full(value: float, dtype: torch.dtype, *width: int) -> Tensor:
        return torch.full((units, *width), value, dtype=dtype, device=device)

    return Tally(
        top=full(LEAST, torch.int64, keep),
        bottom=full(MOST, torch.int64, keep),
        mean=full(0, torch.float64),
        spread=full(0, torch.float64),
        minimum=full(torch.inf, torch.float32),
        maximum=full(-torch.inf, torch.float32),
        zeros=full(0, torch.int64),
        positions=full(0, torch.int64),
        sample=full(0, torch.float32, SAMPLE),
        class_sums=full(0, torch.float32, classes),
        class_counts=torch.zeros(classes, dtype=torch.int64, device=device),
    )


def same_layout(one: Tally, other: Tally) -> bool:
    """Return whether two tallies have the same tensors, but for their values."""
    return _layout(one) == _layout(other)


def _layout(tally: Tally) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (tensor.shape, tensor.dtype) for name, tensor in tally.tensors().items()}


def absorb(tally: Tally, seen: Seen, salts: Tensor) -> None:
    """Add images to the tally. `salts` (U,) as for `keys`."""
    before = tally.images
    sampled = seen.values[:, : max(0, SAMPLE - before)]
    tally.sample[:, before : before + sampled.shape[1]] = sampled
    one_hot = torch.nn.functional.one_hot(seen.labels, tally.class_sums.shape[1])
    for rows in _chunks(len(salts)):
        _absorb_extremes(tally, rows, keys(seen.values[rows], seen.places, salts[rows]))
        _absorb_moments(tally, rows, seen.values[rows], before)
        tally.class_sums[rows] += seen.values[rows] @ one_hot.float()
    tally.zeros.add_(seen.zeros)
    tally.positions.add_(seen.positions)
    tally.class_counts.add_(one_hot.sum(0))


def _chunks(units: int) -> Iterator[slice]:
    return (slice(start, start + _ROWS) for start in range(0, units, _ROWS))


def _absorb_extremes(tally: Tally, rows: slice, fresh: Tensor) -> None:
    for kept, largest in ((tally.top, True), (tally.bottom, False)):
        both = torch.cat([kept[rows], fresh], 1)
        kept[rows] = both.topk(kept.shape[1], largest=largest, sorted=False).values


def _absorb_moments(tally: Tally, rows: slice, values: Tensor, before: int) -> None:
    """Merge mean and spread as Chan, Golub & LeVeque (1979) do, in float64."""
    exact, fresh = values.double(), values.shape[1]
    mean = exact.mean(1)
    spread = (exact - mean[:, None]).square().sum(1)
    apart, share = mean - tally.mean[rows], fresh / (before + fresh)
    tally.mean[rows] += apart * share
    tally.spread[rows] += spread + apart.square() * (before * share)
    tally.minimum[rows] = torch.minimum(tally.minimum[rows], values.amin(1))
    tally.maximum[rows] = torch.maximum(tally.maximum[rows], values.amax(1))


def activity_of(tally: Tally, salts: Tensor, places: tuple[str, ...], widths: tuple[int, ...]) -> Activity:
    """Return what a tally of at least 2 * keep images says; both on the CPU. The tally is used up: it is large."""
    images = tally.images
    top, top_values = _decoded(tally.top, salts, descending=True)
    bottom, bottom_values = _decoded(tally.bottom, salts, descending=False)
    return Activity(
        places=places,
        widths=widths,
        images=images,
        top=top.numpy(),
        bottom=bottom.numpy(),
        top_values=top_values.numpy(),
        bottom_values=bottom_values.numpy(),
        mean=tally.mean.numpy(),
        variance=(tally.spread / images).numpy(),
        minimum=tally.minimum.numpy(),
        maximum=tally.maximum.numpy(),
        zeros=(tally.zeros / tally.positions).numpy(),
        sample=tally.sample[:, :images].numpy(),
        class_means=tally.class_sums.div_(tally.class_counts).numpy(),
    )


def _decoded(kept: Tensor, salts: Tensor, *, descending: bool) -> tuple[Tensor, Tensor]:
    """Return images and activations, each (U, keep), of keys (U, keep) in no order."""
    images, values = torch.empty_like(kept, dtype=torch.int32), torch.empty_like(kept, dtype=torch.float32)
    for rows in _chunks(len(kept)):
        ranked = kept[rows].sort(1, descending=descending).values
        images[rows], values[rows] = places_of(ranked, salts[rows]), values_of(ranked)
    return images, values
