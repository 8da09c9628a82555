"""DeepLiftShap: DeepLIFT averaged over baselines (Lundberg & Lee 2017, arXiv 1705.07874, section 4.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.interpretability.attribution.deeplift import contributions
from core.interpretability.attribution.gradient_shap import DRAWS
from core.interpretability.attribution.method import Cost, Method, Query, batches, channels_last, summed

if TYPE_CHECKING:
    from torch import Tensor


def deeplift_shap(query: Query, *, draws: int) -> Tensor:
    """Return the mean of DeepLIFT's map over the query's baselines, at most `draws`: (1, h, w).

    A map sums to the logit's rise from the mean over the baselines.
    """
    import torch

    baselines = query.baselines[0, :draws]  # type: ignore[index]  # checked: there are some
    total = torch.zeros_like(query.inputs)
    for starts in batches(baselines, query.batch):
        copies = query.at(query.inputs.expand(starts.shape))
        total += contributions(replace(copies, baselines=channels_last(starts))).sum(0, keepdim=True)
    return summed(total / len(baselines))


DEEPLIFT_SHAP = Method(
    name="deepliftshap",
    title="DeepLiftShap",
    meaning="DeepLIFT averaged over many baselines: how much the pixel adds, with no single colour as nothing.",
    limits="What units do only together; and random baselines are pictures that the network never saw.",
    unit="logit",
    signed=True,
    explain=deeplift_shap,
    cost=lambda parameters: Cost(2 * int(parameters["draws"]), 2 * int(parameters["draws"])),
    baseline="noise",
    draws="draws",
    complete=True,
    one_by_one=True,
    parameters=(DRAWS,),
)
