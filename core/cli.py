"""The core from a shell. Options are the words of the specs; `--json` prints one object a line."""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from tqdm import tqdm

from core.errors import InvalidSettingError, PrunescopeError
from core.experiment import ExperimentSpec, Extent
from core.jobs.devices import pick_device
from core.jobs.evaluate import evaluate as evaluate_specs
from core.jobs.worker import work
from core.networks.registry import NETWORKS, load_network
from core.pruning.settings import Pruning
from core.pruning.techniques import TECHNIQUES
from core.store.database import open_store
from core.store.demo import import_demo

app = typer.Typer(
    help="Prune GoogLeNet, measure what is left, look inside.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
bench = typer.Typer(help="Speed, side by side with a reference in the same run.", no_args_is_help=True)
app.add_typer(bench, name="bench")

NetworkName = Annotated[str, typer.Option("--network", help=f"{', '.join(NETWORKS)}, or a checkpoint file")]
Weights = Annotated[str | None, typer.Option(help="the weights file of a network that needs one")]
Data = Annotated[str, typer.Option(help="scenes, or a folder of images")]
Preprocess = Annotated[str, typer.Option(help="preset: resize and crop as the network's preset says; crop: only crop")]
Technique = Annotated[str, typer.Option(help=", ".join(TECHNIQUES))]
Criterion = Annotated[str, typer.Option(help="l1, l2 or random")]
Scope = Annotated[str, typer.Option(help="local: the same rate in each layer; global: one ranking over all")]
Form = Annotated[str, typer.Option(help="structured pruning: clean, or filters only as published")]
Rates = Annotated[list[float] | None, typer.Option("--rate", help="share to remove, 0 <= rate < 1; repeatable")]
Exclude = Annotated[list[str] | None, typer.Option(help="a layer to leave dense; repeatable")]
Stem = Annotated[bool, typer.Option("--stem", help="prune conv1-3 too")]
Classifier = Annotated[bool, typer.Option("--fc", help="prune the classifier too")]
Images = Annotated[int | None, typer.Option(help="evaluate at most so many images (default: all)")]
Precision = Annotated[float | None, typer.Option(help="stop when top-1 is known to +- this")]
Seed = Annotated[int, typer.Option(help="of random choices")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object a line")]


@app.command()
def networks(as_json: Json = False) -> None:
    """List the dense networks and whether each is at hand."""
    for name, entry in NETWORKS.items():
        path = entry.find()
        about = {"network": name, "title": entry.title, "file": str(path) if path else None, "needs": entry.needs}
        _print(about, as_json, f"{name:16} {entry.title:24} {path or entry.needs}")


@app.command()
def data(
    path: Annotated[str, typer.Argument(help="scenes, or a folder of images")] = "scenes",
    network: NetworkName = "demo",
    weights: Weights = None,
    preprocess: Preprocess = "preset",
    pack: Annotated[bool, typer.Option("--pack", help="pack it now")] = False,
    as_json: Json = False,
) -> None:
    """Say what images a source holds for a network and whether they are packed; pack them on request."""
    from core.jobs.subject import find_subject

    spec = ExperimentSpec(network, weights, path, preprocess)
    subject = find_subject(spec, open_store().folder)
    packed = subject.pack(_Bar()) if pack else subject.packed()
    about = {
        "path": path,
        "title": subject.source.title,
        "images": len(subject.source),
        "classes": len(subject.source.classes),
        "preset": subject.preset.name,
        "packed": packed is not None,
        "fingerprint": subject.fingerprint(),
        "skipped": [{"id": one.id, "reason": one.reason} for one in packed.skipped] if packed else [],
    }
    _print(about, as_json, "\n".join(f"{key:12} {value}" for key, value in about.items()))


@app.command()
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
    prunings = [
        Pruning(technique, criterion, scope, one, form, seed, stem, fc, tuple(exclude or ())) for one in rate or [0.0]
    ]
    specs = [ExperimentSpec(network, weights, data, preprocess, pruning) for pruning in prunings]
    _evaluate(specs, Extent(images, precision), device, as_json)


@app.command()
def sweep(
    network: NetworkName = "demo",
    weights: Weights = None,
    data: Data = "scenes",
    preprocess: Preprocess = "preset",
    technique: Annotated[list[str] | None, typer.Option(help="repeatable; default: all")] = None,
    criterion: Criterion = "l1",
    scope: Scope = "local",
    form: Form = "clean",
    rate: Annotated[list[float] | None, typer.Option(help="repeatable; default: each technique's own")] = None,
    images: Images = None,
    precision: Precision = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure several techniques, each over a range of rates: the data of an accuracy-sparsity curve."""
    specs = [
        ExperimentSpec(network, weights, data, preprocess, Pruning(name, criterion, scope, one, form, seed))
        for name in technique or TECHNIQUES
        for one in rate or _default_rates(name)
    ]
    _evaluate(specs, Extent(images, precision), device, as_json)


@app.command()
def worker(
    device: Device = "auto",
    idle: Annotated[float | None, typer.Option(help="go away after so many seconds without work")] = None,
) -> None:
    """Take queued jobs and do them, until interrupted."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    work(open_store(), pick_device(device), idle)


@app.command("demo-results")
def demo_results(device: Device = "auto") -> None:
    """Measure the demo's sweep from nothing and write the results that ship with the project."""
    from core.jobs.demo_results import write_demo_results

    typer.echo(write_demo_results(pick_device(device), _Bar()))


@bench.command("evaluate")
def bench_evaluation(
    images: Annotated[int, typer.Option(help="how many pictures each round")] = 256,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Images per second of a pruned network, ours against torchvision's reference loop on the same images."""
    from core.benchmarks.evaluate import bench_evaluate

    for one in bench_evaluate(pick_device(device), images, _Bar()):
        text = f"{one.name}: {one.ours:.1f} {one.unit}, {one.ratio:.2f}x {one.against} ({one.reference:.1f})"
        _print(asdict(one), as_json, text)


def _evaluate(specs: Sequence[ExperimentSpec], extent: Extent, device: str, as_json: bool) -> None:
    store = open_store()
    import_demo(store)
    for row in evaluate_specs(store, specs, extent, pick_device(device), _Bar()):
        _print(row, as_json, _line(row))


def _line(row: dict[str, Any]) -> str:
    what = f"{row['technique']} {row['rate']:.2f}" if row["technique"] else "dense"
    return (
        f"{what:20} top-1 {row['top1']:6.1%} ({row['top1_low']:.1%} to {row['top1_high']:.1%})  "
        f"top-5 {row['top5']:6.1%}  loss {row['loss']:.3f}  sparsity {row['sparsity']['prunable']:.1%}  "
        f"{row['images']:,} images"
    )


def _default_rates(technique: str) -> Iterable[float]:
    return TECHNIQUES[technique].rates if technique in TECHNIQUES else [Pruning(technique).rate]


def _print(value: dict[str, Any], as_json: bool, text: str) -> None:
    typer.echo(json.dumps(value) if as_json else text)


class _Bar:
    """A progress bar on the terminal, one for each thing done. Is a `core.progress.Progress`."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None

    def __call__(self, done: int, total: int, what: str) -> None:
        if self._bar is None or self._bar.total != total:
            self._bar = tqdm(total=total, file=sys.stderr, disable=None, leave=False)
        self._bar.set_description(what)
        self._bar.update(done - self._bar.n)


def main() -> None:
    """Run the command line: exit status 0, 1 (failed, with one line why) or 2 (bad use)."""
    try:
        app(standalone_mode=True)
    except InvalidSettingError as error:
        _fail(error, 2)
    except PrunescopeError as error:
        _fail(error, 1)
    except KeyboardInterrupt:
        _fail("interrupted; what was measured is kept", 130)


def _fail(why: object, status: int) -> None:
    typer.echo(f"prunescope: {why}".replace("\n", " "), err=True)
    sys.exit(status)
