"""Networks that were pruned elsewhere, beside the curves of another: by what their zeros are, for no rate is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

import pandas as pd

from core.networks.registry import NETWORKS
from core.pruning.description import NetworkDescription
from core.pruning.techniques import TECHNIQUES

_SHARES = ("prunable", "conv", "all")


@dataclass(frozen=True, eq=False)
class Beside:
    """Networks to be drawn beside the curves, and why others are not."""

    rows: pd.DataFrame  # of `candidates`, with what their zeros are: `looks`, `sparsity_prunable`, `_conv`, `_all`
    left_out: Mapping[str, str]  # title -> why


def candidates(runs: pd.DataFrame, network_sha: str) -> pd.DataFrame:
    """Return what was measured of other networks, as they are, on the same images, with a `title` for each.

    `runs` is `runs_frame` with `series` of one set of images, on which all networks tell as many classes apart.
    """
    if "top1" not in runs:
        return runs.iloc[:0].assign(title=[])
    found = runs[(runs["network_sha"] != network_sha) & runs["series"].isna()].dropna(subset=["top1"])
    names = zip(found["network"], found["network_sha"], strict=True)
    return found.assign(title=[elsewhere_title(name, sha) for name, sha in names])


def elsewhere_title(network: str, sha256: str) -> str:
    """Return what a network is called beside the curves of another: its name and how its fingerprint begins."""
    name = network if network in NETWORKS else PurePath(network).stem
    return f"{name} ({sha256[:6]})"


def beside(chosen: pd.DataFrame, described: Mapping[str, NetworkDescription], classes: tuple[str, ...]) -> Beside:
    """Join rows of `candidates` to what their files are, by fingerprint.

    `classes` are the names of the classes that the curves' network tells apart.
    Left out are those whose file is not at hand or holds other weights now, and those whose classes are named
    otherwise.
    """
    shas = dict(zip(chosen["title"], chosen["network_sha"], strict=True))
    why = {title: _why_not(described.get(sha), classes) for title, sha in shas.items()}
    rows = chosen[~chosen["title"].isin([title for title, words in why.items() if words])]
    found = [described[sha] for sha in rows["network_sha"]]
    shares = {f"sparsity_{name}": [one.sparsity[name] for one in found] for name in _SHARES}
    looks = [one.technique for one in found]
    return Beside(rows.assign(looks=looks, **shares), {title: words for title, words in why.items() if words})


def _why_not(about: NetworkDescription | None, classes: tuple[str, ...]) -> str:
    if about is None:
        return "its file is not at hand, or holds other weights by now"
    differs = about.classes != classes and not about.classes_numbered
    return "its classes are named otherwise" if differs else ""


def looks_in_words(technique: str) -> str:
    """Return what the zeros of a network look like: "structured pruning", "a mixture of techniques", "none"."""
    if technique in TECHNIQUES:
        return f"{technique} pruning"
    return {"none": "not pruned", "mixed": "zeros of no single technique"}[technique]
