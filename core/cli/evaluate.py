"""Measure accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.cli.doubts import doubts_of
from core.cli.named import network_in_words
from core.cli.options import (
    Classifier,
    Criterion,
    Data,
    Device,
    Exclude,
    Form,
    Images,
    Json,
    LayerRates,
    NetworkName,
    Precision,
    Preprocess,
    Rates,
    Scope,
    Seed,
    Stem,
    Technique,
    Techniques,
    Weights,
    layer_rates,
)
from core.cli.output import Bar, show
from core.experiment import ExperimentSpec, Extent
from core.jobs.devices import pick_device
from core.jobs.evaluate import evaluate as evaluate_specs
from core.pruning.settings import Pruning
from core.pruning.techniques import TECHNIQUES
from core.store.database import open_store
from core.store.demo import import_demo


def evaluate(
    network: NetworkName = "demo",
    weights: Weights = None,
    data: Data = "scenes",
    preprocess: Preprocess = "preset",
    technique: Technique = "unstructured",
    criterion: Criterion = "l1",
    scope: Scope = "local",
    form: Form = "clean",
    rate: Rates = None,
    layer_rate: LayerRates = None,
    exclude: Exclude = None,
    stem: Stem = False,
    fc: Classifier = False,
    images: Images = None,
    precision: Precision = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure the accuracy of the dense network and of it pruned at each rate."""
    where = Pruning(seed=seed, stem=stem, fc=fc, exclude=tuple(exclude or ()), layer_rates=layer_rates(layer_rate))
    prunings = [
        replace(where, technique=technique, criterion=criterion, scope=scope, rate=one, form=form)
        for one in rate or [0.0]
    ]
    specs = [ExperimentSpec(network, weights, data, preprocess, pruning) for pruning in prunings]
    _evaluate(specs, Extent(images, precision), device, as_json)


def sweep(
    network: NetworkName = "demo",
    weights: Weights = None,
    data: Data = "scenes",
    preprocess: Preprocess = "preset",
    technique: Techniques = None,
    criterion: Criterion = "l1",
    scope: Scope = "local",
    form: Form = "clean",
    rate: Rates = None,
    exclude: Exclude = None,
    stem: Stem = False,
    fc: Classifier = False,
    images: Images = None,
    precision: Precision = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure several techniques, each over a range of rates: the data of an accuracy-sparsity curve."""
    where = Pruning(seed=seed, stem=stem, fc=fc, exclude=tuple(exclude or ()))
    specs = [
        ExperimentSpec(
            network,
            weights,
            data,
            preprocess,
            replace(where, technique=name, criterion=criterion, scope=scope, rate=one, form=form),
        )
        for name in technique or TECHNIQUES
        for one in rate or _default_rates(name)
    ]
    _evaluate(specs, Extent(images, precision), device, as_json)


def _evaluate(specs: Sequence[ExperimentSpec], extent: Extent, device: str, as_json: bool) -> None:
    store = open_store()
    import_demo(store)
    on, doubts = pick_device(device), doubts_of(store, specs[0])
    for row in evaluate_specs(store, specs, extent, on, Bar()):
        show(row | doubts.about(row), as_json, _line(row))
        doubts.warn(row)


def _line(row: dict[str, Any]) -> str:
    what = network_in_words(row)
    return (
        f"{what:20} top-1 {row['top1']:6.1%} ({row['top1_low']:.1%} to {row['top1_high']:.1%})  "
        f"top-5 {row['top5']:6.1%}  loss {row['loss']:.3f}  sparsity {row['sparsity']['prunable']:.1%}  "
        f"{row['images']:,} images"
        f"{_present(row)}"
    )


def _present(row: dict[str, Any]) -> str:
    """Return the accuracy among the classes present, where that is another one."""
    if "top1_present" not in row:
        return ""
    interval = f"({row['top1_present_low']:.1%} to {row['top1_present_high']:.1%})"
    return f"  among the {row['classes_present']:,} classes present: top-1 {row['top1_present']:.1%} {interval}"


def _default_rates(technique: str) -> Sequence[float]:
    return TECHNIQUES[technique].rates if technique in TECHNIQUES else [Pruning(technique).rate]
