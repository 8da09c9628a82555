"""The options that commands share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from core.errors import InvalidSettingError
from core.interpretability.question import TARGETS
from core.networks.registry import NETWORKS
from core.pruning.criteria import CRITERIA
from core.pruning.settings import FORMS
from core.pruning.techniques import TECHNIQUES

NetworkName = Annotated[str, typer.Option("--network", help=f"{', '.join(NETWORKS)}, or a checkpoint file")]
Weights = Annotated[str | None, typer.Option(help="the weights file of a network that needs one")]
Data = Annotated[
    str,
    typer.Option(help="scenes, a folder of images, an archive, shards, or LAYOUT:PATH; see data --help"),
]
Preprocess = Annotated[str, typer.Option(help="preset: resize and crop as the network's preset says; crop: only crop")]
Technique = Annotated[str, typer.Option(help=", ".join(TECHNIQUES))]
Techniques = Annotated[list[str] | None, typer.Option("--technique", help="repeatable; default: all")]
Criterion = Annotated[str, typer.Option(help=", ".join(CRITERIA))]
Scope = Annotated[str, typer.Option(help="local: the same rate in each layer; global: one ranking over all")]
Form = Annotated[str, typer.Option(help=f"of structured pruning: {' or '.join(FORMS)} (filters only)")]
RunIds = Annotated[
    list[str] | None,
    typer.Option("--run", help="id of a run in the store, retrained ones too; of its network and data; repeatable"),
]
Rates = Annotated[list[float] | None, typer.Option("--rate", help="share to remove, 0 <= rate < 1; repeatable")]
LayerRates = Annotated[
    list[str] | None, typer.Option("--layer-rate", help="LAYER=RATE, a rate of its own for a layer; repeatable")
]
Exclude = Annotated[list[str] | None, typer.Option(help="a layer to leave dense; repeatable")]
Stem = Annotated[bool, typer.Option("--stem", help="prune conv1-3 too")]
Classifier = Annotated[bool, typer.Option("--fc", help="prune the classifier too")]
Images = Annotated[int | None, typer.Option(help="evaluate at most so many images (default: all)")]
Precision = Annotated[float | None, typer.Option(help="stop when top-1 is known to +- this")]
Target = Annotated[
    str,
    typer.Option(
        help="whose logit: "
        + "; ".join(f"{name}, the {one.title}" for name, one in TARGETS.items())
        + "; class:N, the network's class N"
    ),
]
Seed = Annotated[int, typer.Option(help="of random choices")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object a line")]


def layer_rates(given: Sequence[str] | None) -> tuple[tuple[str, float], ...]:
    """Return what `LayerRates` holds as pairs of a layer and its rate; InvalidSettingError for what is no such pair."""
    pairs = [text.partition("=") for text in given or ()]
    try:
        return tuple((name, float(rate)) for name, _, rate in pairs)
    except ValueError as error:
        raise InvalidSettingError(
            f"layer rates {', '.join(given or ())}", "LAYER=RATE", "try --layer-rate inception3a.branch1.conv=0.5"
        ) from error
