"""Make a pruned network really smaller, and see what that gains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any

import torch
import typer
from torch import nn

from core.cli.named import named_runs, specs_of
from core.cli.options import (
    Classifier,
    Criterion,
    Data,
    Device,
    Exclude,
    Form,
    Json,
    LayerRates,
    NetworkName,
    Preprocess,
    Scope,
    Seed,
    Stem,
    Technique,
    Weights,
    layer_rates,
)
from core.cli.output import Bar, show
from core.errors import PrunescopeError
from core.evaluation.efficiency import Timing, count_macs, output_places
from core.evaluation.inference import forward
from core.experiment import ExperimentSpec, spec_in_words
from core.jobs.devices import pick_device
from core.jobs.executor import Executor, run_of
from core.jobs.exporting import exportable
from core.jobs.foreground import work_through
from core.jobs.subject import find_subject
from core.pruning import compact as removal
from core.pruning.settings import Pruning
from core.store.database import Store, open_store
from core.store.demo import import_demo
from core.store.runs import find_result
from core.words import size, speed

IMAGES, BATCH, IMAGENET_PIXELS = 64, 32, 224
EQUAL = 1e-5  # largest difference of logits between the masked and the compact network

RunId = Annotated[str | None, typer.Option("--run", help="id of a run in the store, a retrained one too, instead")]
Rate = Annotated[float, typer.Option(help="share to remove, 0 <= rate < 1")]


def compact(
    network: NetworkName = "demo",
    weights: Weights = None,
    data: Data = "scenes",
    preprocess: Preprocess = "preset",
    technique: Technique = "structured",
    criterion: Criterion = "l1",
    scope: Scope = "local",
    form: Form = "clean",
    rate: Rate = 0.5,
    layer_rate: LayerRates = None,
    exclude: Exclude = None,
    stem: Stem = False,
    fc: Classifier = False,
    seed: Seed = 0,
    run: RunId = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Take removed channels out of a network; check that it computes the same; measure size and speed beside it."""
    pruning = Pruning(
        technique, criterion, scope, rate, form, seed, stem, fc, tuple(exclude or ()), layer_rates(layer_rate)
    )
    store, on = open_store(), pick_device(device)
    import_demo(store)
    spec = chosen(run, ExperimentSpec(network, weights, data, preprocess, pruning))
    row = _row(store, spec, on)
    show(row, as_json, _in_words(row))
    _check(row)


def chosen(run: str | None, otherwise: ExperimentSpec) -> ExperimentSpec:
    """Return what was asked for in a run, if one is named; InvalidSettingError if the store has none of that id."""
    return specs_of(named_runs([run]))[0] if run else otherwise


def _row(store: Store, spec: ExperimentSpec, device: str) -> dict[str, Any]:
    whole = exportable(store, spec, Bar(), images=IMAGES)
    small = removal.compact(whole.module)
    difference = _difference(whole.module, small.module, whole.network.inputs(torch.from_numpy(whole.images)))
    job = Executor(store).efficiency([spec], device)
    if job:
        work_through(store, [job], device, Bar())
    return {
        "what": f"{whole.network.title}, {spec_in_words(spec, whole.network.zeros)}",
        "network": spec.network,
        "data": spec.data,
        "technique": spec.pruning.technique,
        "rate": spec.pruning.rate,
        "images": len(whole.images),
        "difference": difference,
        "equal": difference <= EQUAL,
        "channels_removed": small.channels,
        "pixels": whole.preset.crop,
        **_macs(whole.network.module, whole.module, small, whole.preset.crop),
        **_measured(store, spec, device),
    }


def _check(row: Mapping[str, Any]) -> None:
    if not row["equal"]:
        raise PrunescopeError(
            f"the compact network's logits differ by {row['difference']:.1g}",
            f"at most {EQUAL:.0e}",
            "do not use it: what was taken out was not silent",
        )


def _difference(one: nn.Module, other: nn.Module, inputs: torch.Tensor) -> float:
    parts = torch.split(inputs, BATCH)
    return max(float((forward(one, part) - forward(other, part)).abs().max()) for part in parts)


def _macs(dense: nn.Module, masked: nn.Module, small: removal.Compact, pixels: int) -> dict[str, Any]:
    """Return the multiply-accumulates at the network's own size and at ImageNet's."""

    def at(size: int) -> dict[str, int]:
        places = output_places(dense, size)
        (whole, nonzero), (left, _) = count_macs(masked, places), count_macs(small.module, places)
        return {"dense": whole, "nonzero": nonzero, "compact": left}

    return {"macs": at(pixels), f"macs_{IMAGENET_PIXELS}": at(IMAGENET_PIXELS)}


def _measured(store: Store, spec: ExperimentSpec, device: str) -> dict[str, Any]:
    """Return what is measured of the run, by network: with its zeros it is called masked."""
    run_id = run_of(spec, find_subject(spec, store.folder)).id
    sizes, speeds = find_result(store, run_id, "size"), find_result(store, run_id, "speed")
    if sizes is None or speeds is None or not speeds["compact"]:
        raise PrunescopeError(f"nothing was measured on run {run_id}", "", "run it again")
    times = {"dense": speeds["dense"], "masked": speeds, "compact": speeds["compact"]}
    timed = {name: {figure: time[figure] for figure in _FIGURES} for name, time in times.items()}
    return {
        "run_id": run_id,
        "parameters": {
            "dense": sizes["parameters"],
            "nonzero": sizes["nonzero"],
            "compact": sizes["compact"]["parameters"],
        },
        **{name: {"masked": sizes[name], "compact": sizes["compact"][name]} for name in ("bytes", "compressed_bytes")},
        **{name: speeds[name] for name in ("device", "threads", "batch", "latency_batch")},
        "speed": timed,
        "speed_up": _speed_up(sizes, timed["dense"], timed["compact"]),
    }


_FIGURES = [field.name for field in fields(Timing)]


def _speed_up(sizes: Mapping[str, Any], dense: Mapping[str, float], small: Mapping[str, float]) -> dict[str, float]:
    """Return how many times faster the compact network is than the dense one, beside what is counted."""
    return {
        "theoretical": sizes["macs"] / sizes["nonzero_macs"],
        "macs": sizes["macs"] / sizes["compact"]["macs"],
        "latency": dense["latency_ms"] / small["latency_ms"],
        "throughput": small["images_per_second"] / dense["images_per_second"],
    }


def _in_words(row: dict[str, Any]) -> str:
    macs, parameters, faster = row[f"macs_{IMAGENET_PIXELS}"], row["parameters"], row["speed_up"]
    verdict = "equal" if row["equal"] else "NOT EQUAL"
    lines = [
        f"{row['what']}: {row['channels_removed']:,} channels taken out",
        f"  {verdict}: on {row['images']} images the logits differ by {row['difference']:.1g} at most",
        f"  MACs at {IMAGENET_PIXELS} px {macs['dense'] / 1e9:.2f} -> {macs['compact'] / 1e9:.2f} G",
        f"  parameters {parameters['dense']:,} -> {parameters['compact']:,}; "
        f"file {size(row['bytes']['masked'])} -> {size(row['bytes']['compact'])}",
        *(_speed_in_words(name, time) for name, time in row["speed"].items()),
        f"  {faster['latency']:.2f}x in latency, {faster['throughput']:.2f}x in throughput on {row['device']}",
    ]
    return "\n".join(lines)


def _speed_in_words(name: str, time: Mapping[str, float]) -> str:
    between = f"{time['latency_low']:.1f} to {time['latency_high']:.1f}"
    return f"  {name:8} {time['latency_ms']:.1f} ms an image ({between}), {speed(time['images_per_second'])}"
