"""How much each layer bears when it is pruned alone, and the rates that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from core.cli.options import (
    Classifier,
    Criterion,
    Data,
    Device,
    Exclude,
    Form,
    Json,
    NetworkName,
    Preprocess,
    Seed,
    Stem,
    Technique,
    Weights,
)
from core.cli.output import Bar, show
from core.experiment import ExperimentSpec
from core.jobs.devices import pick_device
from core.jobs.scan_now import scan_now
from core.networks.network import Network
from core.networks.registry import load_network
from core.pruning.masks import sparsity
from core.pruning.own import all_masks
from core.pruning.settings import Pruning
from core.sensitivity import IMAGES, RATES, TOLERANCE, Scan, applied, check_tolerance, chosen_rates, scaled
from core.store.database import open_store
from core.store.demo import import_demo
from core.sweep import parse_rates

_DEFAULT_RATES = "; ".join(f"{name}: {', '.join(map(str, rates))}" for name, rates in RATES.items())

ScanRates = Annotated[str | None, typer.Option("--rates", help=f"with commas; default: {_DEFAULT_RATES}")]
ScanImages = Annotated[int, typer.Option("--images", help="how many images each point is measured on")]
Tolerance = Annotated[float, typer.Option(help="the drop of top-1 that is tolerated, a share: 0.02 is 2 points")]
Surely = Annotated[bool, typer.Option("--surely", help="the drop's whole 95 % interval has to be tolerated")]
Scale = Annotated[float, typer.Option(help="what the rates that hold are multiplied by, above 0, at most 1")]


def sensitivity(
    network: NetworkName = "demo",
    weights: Weights = None,
    data: Data = "scenes",
    preprocess: Preprocess = "preset",
    technique: Technique = "unstructured",
    criterion: Criterion = "l1",
    form: Form = "clean",
    rates: ScanRates = None,
    exclude: Exclude = None,
    stem: Stem = False,
    fc: Classifier = False,
    images: ScanImages = IMAGES,
    tolerance: Tolerance = TOLERANCE,
    surely: Surely = False,
    scale: Scale = 1.0,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Prune one layer at a time at each rate; then choose for each layer the last rate that holds."""
    base = Pruning(technique, criterion, form=form, seed=seed, stem=stem, fc=fc, exclude=tuple(exclude or ()))
    check_tolerance(tolerance)
    scaled((), scale)
    scan = Scan(base, parse_rates(rates) if rates else (), images)
    store = open_store()
    import_demo(store)
    spec = ExperimentSpec(network, weights, data, preprocess)
    table = scan_now(store, spec, scan, pick_device(device), Bar())
    pairs = chosen_rates(table, tolerance, surely=surely)
    for record in table.to_dict("records"):
        row = {str(name): value for name, value in record.items()}
        show(row, as_json, _line(row))
    last = _chosen(load_network(network, weights), scan, scaled(pairs, scale))
    last |= {"tolerance": tolerance, "surely": surely, "scale": scale}
    show(last, as_json, _in_words(last))


def _chosen(network: Network, scan: Scan, pairs: tuple[tuple[str, float], ...]) -> dict[str, Any]:
    masks = all_masks(network, applied(scan, pairs))
    return {
        "technique": scan.base.technique,
        "layer_rates": dict(pairs),
        "sparsity": asdict(sparsity(network.module, masks)),
    }


def _line(row: Mapping[str, Any]) -> str:
    return (
        f"{row['layer']:28} {row['rate']:.2f}  top-1 {row['top1']:6.1%}  "
        f"{100 * row['change']:+5.1f} points ({100 * row['change_low']:+.1f} to {100 * row['change_high']:+.1f})  "
        f"{row['images']:,} images"
    )


def _in_words(last: Mapping[str, Any]) -> str:
    rates = "\n".join(f"--layer-rate {layer}={rate:g}" for layer, rate in last["layer_rates"].items())
    return f"{rates}\nsparsity of the prunable weights: {last['sparsity']['prunable']:.1%}"
