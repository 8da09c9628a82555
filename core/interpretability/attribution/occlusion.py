"""Occlusion (Zeiler & Fergus 2014, arXiv 1311.2901, section 4.2).

captum's moves its window by pixels: how many passes it takes hangs on the image's size, and pixels near the border lie
under fewer windows than the others, so that not even a linear network's map adds up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.interpretability.attribution.method import Cost, Method, Number, Query

if TYPE_CHECKING:
    from torch import Tensor


def occlusion(query: Query, *, grid: int, window: int) -> Tensor:
    """Return how far the logit falls when a window with the pixel in it is replaced by the baseline: (1, h, w).

    The window covers `window` x `window` cells of a `grid` x `grid` raster, moves cell by cell and begins and ends
    beyond the border: every pixel lies under `window` ** 2 windows. A fall is spread evenly over the window's pixels
    in the image; on a linear network a map sums to the logit's rise from the baseline.
    """
    from core.interpretability.attribution import features

    cells = features.grid(query.inputs, grid)
    absent = _windows(grid, window)
    logits = features.logits_without(query, cells, absent)
    pixels = (absent * cells.sizes).sum(1).clamp(min=1)
    density = ((logits[0] - logits[1:]) / pixels) @ absent.double() / window**2
    return cells.spread(density * cells.sizes)


def _windows(grid: int, window: int) -> Tensor:
    """Return which cells each window covers: (windows, cells) bool."""
    import torch

    starts, cells = torch.arange(1 - window, grid)[:, None], torch.arange(grid)
    side = (cells >= starts) & (cells < starts + window)
    return (side[:, None, :, None] & side[None, :, None, :]).flatten(2).flatten(0, 1)


OCCLUSION = Method(
    name="occlusion",
    title="Occlusion",
    meaning="How far the logit falls when a window at this place is replaced by the baseline.",
    limits="Nothing finer than the window, nor what two places hold twice; and the patched pictures are strange ones.",
    unit="logit",
    signed=True,
    explain=occlusion,
    cost=lambda parameters: Cost((int(parameters["grid"]) + int(parameters["window"]) - 1) ** 2 + 1, 0),
    baseline="mean",
    one_by_one=True,
    parameters=(
        Number("grid", "Grid", "Steps that the window takes along each side of the image.", 8, 2, 32, whole=True),
        Number("window", "Window", "Side of the window in such steps.", 2, 1, 8, whole=True),
    ),
)
