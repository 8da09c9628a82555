"""Write a run as files that others can use without Prunescope."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.compact import Rate, RunId, chosen
from core.cli.options import (
    Classifier,
    Criterion,
    Data,
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
from core.experiment import ExperimentSpec
from core.export.bundle import check_formats, check_free
from core.export.bundle import export as write
from core.export.formats import FORMATS
from core.jobs.exporting import exportable
from core.pruning.settings import Pruning
from core.store.database import open_store
from core.store.demo import import_demo

Out = Annotated[Path, typer.Option(help="the folder to write, or a .zip file; it must not be there yet")]
FormatList = Annotated[
    str,
    typer.Option("--format", help="with commas, any of: " + "; ".join(f"{n}: {f.meaning}" for n, f in FORMATS.items())),
]

ALL = ",".join(FORMATS)


def export(
    out: Out,
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
    formats: FormatList = ALL,
    as_json: Json = False,
) -> None:
    """Write a pruned network: weights, masks, run.json, the compact network, and load.py, which classifies."""
    wanted = [part.strip() for part in formats.split(",") if part.strip()]
    check_formats(wanted)
    check_free(out)
    pruning = Pruning(
        technique, criterion, scope, rate, form, seed, stem, fc, tuple(exclude or ()), layer_rates(layer_rate)
    )
    store = open_store()
    import_demo(store)
    spec = chosen(run, ExperimentSpec(network, weights, data, preprocess, pruning))
    found = exportable(store, spec, Bar())
    written = write(found, out, wanted, Bar())
    removed = found.removed()
    about = {"out": str(written), "formats": wanted, "run_id": found.run_id, **removed}
    why = "" if removed["compact"] else f" (not compact: {removed['why_not']})"
    show(about, as_json, f"{written}: {', '.join(wanted)}{why}")
