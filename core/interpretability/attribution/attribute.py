"""One call for every attribution method."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from core.interpretability.attribution.checks import check_maps, check_query
from core.interpretability.attribution.method import Method, Query, Value, channels_last
from core.interpretability.attribution.passes import Meter, counted, explained, passes_at_once
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

    `module` in evaluation mode; `inputs` (n, 3, h, w) normalised; `targets` (n,) class indices; `parameters` as the
    entry lists them. `baselines`, read only by methods whose entry names a `baseline`: as the inputs or (1, 3, h, w);
    for methods whose entry names `draws` also (n or 1, draws, 3, h, w), pictures drawn from a distribution.
    `progress` hears of each batch of passes and may raise to cancel. The same seed gives the same maps, whatever else
    is in the batch; no global random state is read or changed. Colour channels: unsigned maps hold the largest
    magnitude, signed ones the sum. Nothing is left behind in the module, also after an error. Raises
    InvalidSettingError for what cannot be asked and BrokenDataError for maps that are not finite.
    """
    entry = find_method(method)
    settings = entry.settings(parameters)
    with torch.inference_mode(False), torch.enable_grad():
        query = _query(module, inputs, targets, baselines, seed, entry)
        check_query(query, entry)
        query, passes = replace(query, batch=passes_at_once(query.inputs)), entry.cost(settings).forward
        meter = Meter(progress, entry.title, passes * len(inputs))
        with counted(module, meter):
            explain = partial(entry.explain, **settings)
            maps = explained(query, explain, meter, passes, one_by_one=entry.one_by_one)
    return check_maps(maps, entry)


def _query(
    module: nn.Module, inputs: Tensor, targets: Tensor, baselines: Tensor | None, seed: int, entry: Method
) -> Query:
    classes = targets.clone().to(inputs.device)
    starts = None if baselines is None or entry.baseline is None else _starts(baselines, inputs, entry)
    return Query(module, _own(inputs), classes, seed, starts)


def _starts(baselines: Tensor, inputs: Tensor, entry: Method) -> Tensor:
    """Return one baseline an image, or one distribution of them an image where the method wants that."""
    if entry.draws and baselines.ndim == inputs.ndim:
        baselines = baselines[:, None]
    one_for_all = baselines.shape[:1] == (1,)
    return _own(baselines.expand(len(inputs), *baselines.shape[1:]) if one_for_all else baselines)


def _own(images: Tensor) -> Tensor:
    """Copy images so that no flag is set on the caller's tensor."""
    return channels_last(images.detach()) if images.ndim == 4 else images.detach().clone()
