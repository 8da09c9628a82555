"""What pruning does to the units of a network."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from core.cli.listed import RateList, TechniqueList, asked_for
from core.cli.named import network_in_words
from core.cli.options import Criterion, Data, Device, Form, Json, NetworkName, Preprocess, RunIds, Scope, Seed, Weights
from core.cli.output import Bar, show
from core.errors import InvalidSettingError
from core.experiment import ExperimentSpec
from core.interpretability.encoders.registry import ENCODERS
from core.jobs.devices import pick_device
from core.jobs.units_now import units_now
from core.pruning.settings import Pruning
from core.store.database import open_store
from core.store.demo import import_demo
from core.units.places import PLACES, PLACES_IN_WORDS
from core.units.study import ALPHA, DRAWINGS, EXPLANATIONS, IMAGES, QUANTILE, TASKS, Encoding, UnitStudy
from core.words import percent

EncoderName = Annotated[
    str, typer.Option("--encoder", help="; ".join(f"{name}: {one.note}" for name, one in ENCODERS.items()))
]
Drawing = Annotated[str, typer.Option(help="; ".join(f"{name}: {what}" for name, what in DRAWINGS.items()))]
At = Annotated[str, typer.Option(help="; ".join(f"{name}: {PLACES_IN_WORDS[name]}" for name in PLACES))]


def units(
    network: NetworkName = "demo",
    weights: Weights = None,
    data: Data = "scenes",
    preprocess: Preprocess = "preset",
    technique: TechniqueList = "structured",
    criterion: Criterion = "l1",
    scope: Scope = "local",
    form: Form = "clean",
    rates: RateList = "0,0.2,0.5",
    run: RunIds = None,
    images: Annotated[int, typer.Option(help="how many images")] = IMAGES,
    at: At = "layers",
    encoder: EncoderName = "googlenet",
    encoder_file: Annotated[str, typer.Option(help="the weights of an encoder that needs them")] = "",
    k: Annotated[int, typer.Option(help="explanations a side and task (K)")] = EXPLANATIONS,
    n: Annotated[int, typer.Option(help="tasks a unit (N)")] = TASKS,
    alpha: Annotated[float, typer.Option(help="what differences of similarity are divided by")] = ALPHA,
    drawing: Drawing = "bins",
    quantile: Annotated[float, typer.Option(help="share of the images a side, to draw from")] = QUANTILE,
    layer: Annotated[list[str] | None, typer.Option(help="print the figures of this layer too; repeatable")] = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Score how interpretable the units of networks are (Machine Interpretability Score), the dense one at rate 0.

    Intervals are of the drawing of tasks only: other images move a score more, and scores over different numbers of
    images do not compare. With --run, the networks of these runs, which are of one network and its images, whatever
    else is set of them.
    """
    study = UnitStudy(images, at, Encoding(encoder, encoder_file), k, n, alpha, drawing, quantile, seed)
    wanted = _known(layer or [], study)
    store, on = open_store(), pick_device(device)
    import_demo(store)
    like = Pruning(criterion=criterion, scope=scope, form=form, seed=seed)
    specs = asked_for(ExperimentSpec(network, weights, data, preprocess, like), technique, rates, run)
    for row in units_now(store, specs, study, on, Bar()):
        told = {name: value for name, value in row.items() if name not in ("layers", "blocks")}
        parts_of_it = {name: row["layers"][name] for name in wanted}
        show(told | ({"layers": parts_of_it} if wanted else {}), as_json, _line(row))


def _known(layers: list[str], study: UnitStudy) -> list[str]:
    for name in layers:
        if name not in study.places:
            raise InvalidSettingError(f"layer {name!r}", ", ".join(study.places), "choose one of these")
    return layers


def _line(row: dict[str, Any]) -> str:
    what = network_in_words(row)
    counted = f"{row['live']:,} of {row['units']:,} units live"
    if row["mis"] is None:
        return f"{what:20} {counted}: no score"
    hard = f"hard {percent(row['hard'])}, randomised network {percent(row['randomised_hard'])}"
    interval = f"({row['mis_low']:.4f} to {row['mis_high']:.4f}: 95 % over the tasks, images and units as they are)"
    score = f"{row['score']} {row['mis']:.4f} {interval}, randomised network {row['randomised']:.4f}"
    return f"{what:20} {hard}  {score}, median {row['median']:.4f}  {counted}"
