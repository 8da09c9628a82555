"""Retrain a pruned network and see what that gives back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Annotated, Any

import typer

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
    Preprocess,
    Scope,
    Seed,
    Stem,
    Technique,
    Weights,
    layer_rates,
)
from core.cli.output import Bar, show
from core.errors import InvalidSettingError
from core.experiment import ExperimentSpec, Extent, spec_in_words, with_dense_first
from core.jobs.devices import pick_device
from core.jobs.evaluate import evaluate
from core.jobs.retraining import retrain_together
from core.jobs.subject import resolved
from core.progress import silent
from core.pruning.schedule import SPACINGS
from core.pruning.settings import Pruning
from core.store.database import Store, open_store
from core.store.demo import import_demo
from core.training.parallel import leads, several
from core.training.presets import PRESETS
from core.training.retraining import OPTIMISERS, SCHEDULES, Retraining, retraining_from
from core.unpruned import unpruned_short
from core.words import count, duration

ITERATIVE_STEPS = 3
SETTABLE = tuple(field.name for field in fields(Retraining) if field.name != "data_sha")  # which is looked up

PresetName = Annotated[str, typer.Option(help="; ".join(f"{name}: {one.meaning}" for name, one in PRESETS.items()))]
Rate = Annotated[float, typer.Option(help="share to remove, 0 <= rate < 1; 0: only the dense control")]
Steps = Annotated[int | None, typer.Option(help="of prune and train, for the iterative schedule (default: 3)")]
Schedule = Annotated[str | None, typer.Option(help="one-shot: prune once, train; iterative: in steps")]
SpacingName = Annotated[str | None, typer.Option(help=f"how the rate rises over the steps: {', '.join(SPACINGS)}")]
Epochs = Annotated[int | None, typer.Option(help="of each step; 0: re-calibrate batch norm, train nothing")]
Optimiser = Annotated[str | None, typer.Option(help=", ".join(OPTIMISERS))]
LearningRate = Annotated[float | None, typer.Option("--lr", help="learning rate")]
RateSchedule = Annotated[str | None, typer.Option("--lr-schedule", help=", ".join(SCHEDULES))]
TrainingData = Annotated[str | None, typer.Option("--train-data", help="default: what belongs to the data")]
TrainingImages = Annotated[int | None, typer.Option("--train-images", help="at most so many; 0: all")]
MaskHeld = Annotated[
    str, typer.Option("--mask-held", help="yes: removed weights stay zero; no: as the study's connection sparsity")
]
Control = Annotated[bool, typer.Option(help="retrain the unpruned network too: the fair baseline")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help=f"NAME=VALUE, any of {', '.join(SETTABLE)}"),
]


def retrain(
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
    preset: PresetName = "quick",
    schedule: Schedule = None,
    steps: Steps = None,
    spacing: SpacingName = None,
    epochs: Epochs = None,
    optimiser: Optimiser = None,
    lr: LearningRate = None,
    lr_schedule: RateSchedule = None,
    train_data: TrainingData = None,
    train_images: TrainingImages = None,
    mask_held: MaskHeld = "yes",
    setting: Settings = None,
    control: Control = True,
    images: Images = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Prune, retrain with the mask held, and measure: before, after, the dense network and its control.

    On several GPUs: torchrun --nproc-per-node N -m core retrain ...
    """
    named = {
        "steps": _steps(schedule, steps),
        "spacing": spacing,
        "epochs": epochs,
        "optimiser": optimiser,
        "learning_rate": lr,
        "schedule": lr_schedule,
        "data": train_data,
        "held": _yes_or_no(mask_held),
        "seed": seed,
    }
    given = {name: value for name, value in named.items() if value is not None} | _set(setting)
    if train_images is not None:
        given["images"] = train_images or None
    how = _retraining("recalibrate" if epochs == 0 and optimiser is None else preset, given)
    where = Pruning(
        technique, criterion, scope, rate, form, seed, stem, fc, tuple(exclude or ()), layer_rates(layer_rate)
    )
    spec = resolved(ExperimentSpec(network, weights, data, preprocess, Pruning() if where.dense else where, how))
    _run(spec, Extent(images), pick_device(device), control=control, as_json=as_json)


def _run(spec: ExperimentSpec, extent: Extent, device: str, *, control: bool, as_json: bool) -> None:
    """Print a line for each network and at last one that sets them side by side."""
    store = open_store()
    import_demo(store)
    wanted = with_dense_first([spec.unretrained(), *([spec.control()] if control else []), spec])
    if several():
        retrain_together(store, wanted, device, Bar() if leads() else silent)
    if leads():
        _measure(store, spec, wanted, extent, device, as_json)


def _measure(
    store: Store, spec: ExperimentSpec, wanted: list[ExperimentSpec], extent: Extent, device: str, as_json: bool
) -> None:
    rows = {}
    for one, row in zip(wanted, evaluate(store, wanted, extent, device, Bar()), strict=True):
        rows[one] = row
        show(row, as_json, f"{row['top1']:7.1%}  {spec_in_words(one, row['own_zeros'])}")
    others = {"top1_before": spec.unretrained(), "dense": spec.dense(), "control": spec.control()}
    top1 = {name: rows[one]["top1"] if one in rows else None for name, one in others.items()}
    summary = _summary(rows[spec], top1)
    show(summary, as_json, _in_words(summary))


def _summary(row: dict[str, Any], top1: dict[str, float | None]) -> dict[str, Any]:
    """Return the retrained network's row with the accuracies that it is to be compared with."""
    before, dense = top1["top1_before"], top1["dense"]
    lost = dense - before if dense is not None and before is not None else 0.0
    return {
        **{name: row[name] for name in ("run_id", "technique", "rate", "own_zeros", "retraining")},
        **top1,
        **{name: row[name] for name in ("top1", "top1_low", "top1_high", "images")},
        "recovered": (row["top1"] - before) / lost if before is not None and lost > 0 else None,
        **{name: row[name] for name in ("sparsity_before", "sparsity", "epochs", "seconds")},
    }


def _in_words(summary: dict[str, Any]) -> str:
    control = "" if summary["control"] is None else f", control {summary['control']:.1%}"
    sparsity = [summary[name]["prunable"] for name in ("sparsity_before", "sparsity")]
    return (
        f"top-1 {summary['top1_before']:.1%} before, {summary['top1']:.1%} after retraining ("
        f"{unpruned_short(summary['own_zeros'])} {summary['dense']:.1%}{control}); "
        f"sparsity {sparsity[0]:.1%} before, {sparsity[1]:.1%} after; {_trained(summary)}"
    )


def _trained(summary: dict[str, Any]) -> str:
    if not summary["epochs"]:
        return str(summary["retraining"])
    return f"{count(summary['epochs'], 'epoch')} in {duration(summary['seconds'])}"


def _retraining(preset: str, changes: dict[str, Any]) -> Retraining:
    if preset not in PRESETS:
        raise InvalidSettingError(f"preset {preset!r}", ", ".join(PRESETS), "choose one of these")
    return retraining_from({**asdict(PRESETS[preset].retraining), **changes})


def _steps(schedule: str | None, steps: int | None) -> int | None:
    """Return how many steps a schedule has, None to leave it to the preset."""
    if schedule not in (None, "one-shot", "iterative"):
        raise InvalidSettingError(f"schedule {schedule!r}", "one-shot or iterative", "choose one of these")
    if schedule == "one-shot" and steps not in (None, 1):
        raise InvalidSettingError(f"{steps} steps one-shot", "one step", "choose the iterative schedule")
    if schedule == "iterative" and steps == 1:
        raise InvalidSettingError("1 step, iterative", "2 steps or more", "choose the one-shot schedule, or more steps")
    return {None: steps, "one-shot": 1, "iterative": steps or ITERATIVE_STEPS}[schedule]


def _yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise InvalidSettingError(f"mask held {text!r}", "yes or no", "yes holds the masks")
    return text == "yes"


def _set(settings: Sequence[str] | None) -> dict[str, Any]:
    pairs = [text.partition("=") for text in settings or ()]
    if any(not sign for _, sign, _ in pairs):
        raise InvalidSettingError(f"{', '.join(settings or ())}", "NAME=VALUE", "try --set smoothing=0.1")
    for name, _, _ in pairs:
        if name.strip() not in SETTABLE:
            raise InvalidSettingError(
                f"retraining setting {name.strip()!r}", ", ".join(SETTABLE), "choose one of these"
            )
    return {name.strip(): _value(text.strip()) for name, _, text in pairs}


def _value(text: str) -> Any:
    """Return what a text says: a number, true, false or null as in JSON, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
