"""One call for every attribution method."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.interpretability.attribution.checks import check_maps, check_query
from core.interpretability.attribution.method import BATCH, Query, Value
from core.interpretability.attribution.registry import find_method
from core.progress import Progress, silent


def attribute(
    module: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    method: str,
    *,
    baselines: Tensor | None = None,
    seed: int = 0,
    progress: Progress = silent,
    **parameters: Value,
) -> Tensor:
    """Return how much each pixel counts for its image's target logit: (n, h, w) float32 on the CPU.

    `module` in evaluation mode; `inputs` (n, 3, h, w) normalised; `targets` (n,) class indices; `baselines` as the
    inputs or (1, 3, h, w), read only by methods whose entry names a `baseline`; `parameters` as the entry lists them.
    `progress` hears of each batch and may raise to cancel. The same seed gives the same maps, whatever else is in the
    batch. Colour channels: unsigned maps hold the largest
    magnitude, signed ones the sum. Nothing is left behind in the module, also after an error. Raises
    InvalidSettingError for what cannot be asked and BrokenDataError for maps that are not finite.
    """
    entry = find_method(method)
    settings = entry.settings(parameters)
    with torch.inference_mode(False), torch.enable_grad():
        query = _query(module, inputs, targets, baselines, seed)
        check_query(query, entry)
        parts = list(query.split(BATCH))
        maps = []
        for done, part in enumerate(parts):
            progress(done, len(parts), entry.title)
            maps.append(entry.explain(part, **settings))
    return check_maps(torch.cat(maps).float().cpu(), entry)


def _query(module: nn.Module, inputs: Tensor, targets: Tensor, baselines: Tensor | None, seed: int) -> Query:
    if baselines is not None and baselines.shape[:1] == (1,):
        baselines = baselines.expand(inputs.shape)
    classes = targets.clone().to(inputs.device)
    return Query(module, _own(inputs), classes, seed, None if baselines is None else _own(baselines))


def _own(images: Tensor) -> Tensor:
    """Copy images so that no flag is set on the caller's tensor; channels last halves a CPU's time for a pass."""
    return images.detach().clone(memory_format=torch.channels_last if images.ndim == 4 else torch.preserve_format)
