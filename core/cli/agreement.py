"""What pruning does to the maps, over a set of images."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from core.cli.listed import RateList, TechniqueList, asked_for, parts
from core.cli.named import network_in_words
from core.cli.options import (
    Criterion,
    Data,
    Device,
    Form,
    Json,
    NetworkName,
    Preprocess,
    RunIds,
    Scope,
    Seed,
    Target,
    Weights,
)
from core.cli.output import Bar, show
from core.experiment import ExperimentSpec
from core.interpretability.attribution.registry import METHODS
from core.interpretability.question import Question
from core.interpretability.survey import INSTRUMENTS
from core.jobs.devices import pick_device
from core.jobs.survey_now import survey_now
from core.pruning.settings import Pruning
from core.store.database import open_store
from core.store.demo import import_demo
from core.surveys import IMAGES, Survey

MethodList = Annotated[str, typer.Option("--method", help=f"any of {', '.join(METHODS)}, with commas")]
InstrumentName = Annotated[
    str, typer.Option("--measure", help="; ".join(f"{name}: {one.title.lower()}" for name, one in INSTRUMENTS.items()))
]


def agreement(
    network: NetworkName = "demo",
    weights: Weights = None,
    data: Data = "scenes",
    preprocess: Preprocess = "preset",
    technique: TechniqueList = "unstructured",
    criterion: Criterion = "l1",
    scope: Scope = "local",
    form: Form = "clean",
    rates: RateList = "0.2,0.5,0.8",
    run: RunIds = None,
    method: MethodList = "gradcam",
    target: Target = "true",
    measure: InstrumentName = "agreement",
    images: Annotated[int, typer.Option(help="how many images")] = IMAGES,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure, over a set of images, how far the maps of pruned networks agree with the dense network's.

    With --run, those of these runs, which are of one network and its images, whatever else is set of them.
    """
    store, on = open_store(), pick_device(device)
    import_demo(store)
    like = Pruning(criterion=criterion, scope=scope, form=form, seed=seed)
    specs = asked_for(ExperimentSpec(network, weights, data, preprocess, like), technique, rates, run)
    for name in parts(method, str, "method"):
        for row in survey_now(store, specs, Survey(Question(name, target, seed=seed), measure, images), on, Bar()):
            show(row, as_json, _line(row, measure))


def _line(row: dict[str, Any], instrument: str) -> str:
    what = network_in_words(row)
    measures = INSTRUMENTS[instrument].told
    scores = "  ".join(f"{name} {row[name]:.3f}" for name in measures if row[name] is not None)
    return f"{what:20} {row['method']:12} top-1 {row['top1']:6.1%}  {scores}  {row['images']:,.0f} images"
