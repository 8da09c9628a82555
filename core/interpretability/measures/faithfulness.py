"""Does the network use what a map marks? Insertion and deletion (Petsiuk, Das & Saenko 2018, arXiv 1806.07421)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidSettingError
from core.interpretability.measures.measure import Maps, Measure, Scores, as_maps, flat
from core.progress import Progress, silent

if TYPE_CHECKING:
    from torch import Tensor, nn

BATCH = 16  # pictures in one pass: on two cores as fast as 32
STEPS = 32


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """The probability of each image's class while its pixels go or come, those that count most first."""

    shares: NDArray[np.float64]  # (steps + 1,) of the pixels that were changed, 0..1
    insertion: NDArray[np.float64]  # (n, steps + 1)
    deletion: NDArray[np.float64]  # (n, steps + 1)

    @property
    def insertion_auc(self) -> Scores:
        """Area under each insertion curve (n,), 0..1: high for a faithful map."""
        return self._area(self.insertion)

    @property
    def deletion_auc(self) -> Scores:
        """Area under each deletion curve (n,), 0..1: low for a faithful map."""
        return self._area(self.deletion)

    def _area(self, curves: NDArray[np.float64]) -> Scores:
        """Integrate over the share of the pixels by the trapezoid rule."""
        return np.asarray(np.trapezoid(curves, self.shares, axis=1))


def faithfulness(
    module: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    maps: Maps,
    *,
    deleted: Tensor,
    blurred: Tensor,
    steps: int = STEPS,
    progress: Progress = silent,
) -> Faithfulness:
    """Return how the probability of the target changes when a map's pixels are deleted, and when they are inserted.

    `inputs` (n, 3, h, w) normalised, on the module's device; `targets` (n,) class indices; `maps` (n, h, w), signed or
    not: the largest value first, ties from left to right and top to bottom. Deletion goes from the image to `deleted`
    (in the paper a grey or black picture), insertion from `blurred` to the image; both as the inputs or (1, 3, h, w).
    2 n (steps + 1) forward passes, in batches; `progress` is told of each and may raise. A folded copy of the network
    does as well. Raises InvalidSettingError for shapes or steps that do not fit, BrokenDataError for broken maps.
    """
    import torch

    order = as_maps(maps)
    _check(inputs, targets, order, (deleted, blurred), steps)
    counts = np.round(np.linspace(0, order[0].size, steps + 1)).astype(np.int64)
    walk = _Walk(module, targets.to(inputs.device), _ranks(order).to(inputs.device), torch.from_numpy(counts))
    passes = len(inputs) * (steps + 1)
    deletion = walk.curves(inputs, deleted, lambda done: progress(done, 2 * passes, "deleting pixels"))
    insertion = walk.curves(blurred, inputs, lambda done: progress(passes + done, 2 * passes, "inserting pixels"))
    return Faithfulness(counts / order[0].size, insertion, deletion)


@dataclass(frozen=True)
class _Walk:
    """From one picture to another, pixel by pixel in the order of a map."""

    module: nn.Module
    targets: Tensor  # (n,)
    ranks: Tensor  # (n, h, w), 0 for the pixel that comes first
    counts: Tensor  # (steps + 1,) pixels changed

    def curves(self, before: Tensor, after: Tensor, report: Callable[[int], None]) -> NDArray[np.float64]:
        """Return the probability of the target after each step: (n, steps + 1)."""
        import torch

        images, points = len(self.ranks), len(self.counts)
        before, after = (each.expand(images, -1, -1, -1) for each in (before, after))
        found = np.empty(images * points)
        for start in range(0, len(found), BATCH):
            places = torch.arange(start, min(start + BATCH, len(found)))
            image, step = places // points, places % points
            changed = self.ranks[image] < self.counts[step].to(self.ranks.device)[:, None, None]
            shown = torch.where(changed[:, None], after[image], before[image])
            found[start : start + len(places)] = self._probabilities(shown, self.targets[image])
            report(int(places[-1]) + 1)
        return found.reshape(images, points)

    def _probabilities(self, inputs: Tensor, targets: Tensor) -> NDArray[np.float64]:
        from core.evaluation.inference import forward

        shares = forward(self.module, inputs).double().softmax(1).gather(1, targets[:, None])
        probabilities: NDArray[np.float64] = shares[:, 0].cpu().numpy()
        return probabilities


def _ranks(maps: NDArray[np.float64]) -> Tensor:
    """Return each pixel's place in the order of its map, 0 for the largest value; ties keep their order."""
    import torch

    order = np.argsort(-flat(maps), axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(order.shape[1])[None], axis=1)
    return torch.from_numpy(ranks.reshape(maps.shape))


def _check(
    inputs: Tensor, targets: Tensor, maps: NDArray[np.float64], references: tuple[Tensor, Tensor], steps: int
) -> None:
    shape = tuple(inputs.shape)
    fit = len(shape) == 4 and shape[0] > 0 and maps.shape == (shape[0], *shape[2:]) and targets.shape == shape[:1]
    if not fit or any(tuple(each.shape) not in (shape, (1, *shape[1:])) for each in references):
        given = ", ".join(str(tuple(each.shape)) for each in (inputs, targets, maps, *references))
        raise InvalidSettingError(
            f"images, targets, maps, deleted and blurred images of shapes {given}",
            "(n, 3, h, w), (n,), (n, h, w), and references as the images or (1, 3, h, w)",
            "give one map and one target per image",
        )
    if not 1 <= steps <= maps[0].size:
        raise InvalidSettingError(f"{steps} steps", f"1 to {maps[0].size:,}, the number of pixels", f"try {STEPS}")


FAITHFULNESS: dict[str, Measure] = {  # of the curves of `faithfulness`
    measure.name: measure
    for measure in (
        Measure(
            name="insertion",
            title="Insertion: area under the curve",
            short="Insertion",
            meaning="How soon the class becomes probable while the pixels that the map ranks highest are put into a "
            "blurred picture first: high for a faithful map (Petsiuk et al. 2018, arXiv 1806.07421).\n"
            "A map in few large pieces does better than an equally right one in many small ones.",
            lowest=0.0,
            highest=1.0,
            compute=lambda curves: curves.insertion_auc,
        ),
        Measure(
            name="deletion",
            title="Deletion: area under the curve",
            short="Deletion",
            meaning="How long the class stays probable while the pixels that the map ranks highest are taken away "
            "first: low for a faithful map (Petsiuk et al. 2018, arXiv 1806.07421).\n"
            "Part of the fall is that no such picture was among those the network learnt from.",
            lowest=0.0,
            highest=1.0,
            compute=lambda curves: curves.deletion_auc,
        ),
    )
}
