"""Speed, side by side with a reference in the same run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer

from core.benchmarks.attribute import bench_attribute
from core.benchmarks.evaluate import bench_evaluate
from core.benchmarks.mis import bench_mis
from core.benchmarks.pack import bench_pack
from core.benchmarks.timing import Comparison
from core.benchmarks.train import bench_train
from core.cli.options import Device, Json
from core.cli.output import Bar, show
from core.jobs.devices import pick_device
from core.training.retraining import PRECISIONS
from core.units.study import IMAGES

app = typer.Typer(help="Speed, side by side with a reference in the same run.", no_args_is_help=True)


@app.command()
def evaluate(
    images: Annotated[int, typer.Option(help="how many pictures each round")] = 256,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Images per second of a pruned network, ours against torchvision's reference loop on the same images."""
    _show(bench_evaluate(pick_device(device), images, Bar()), as_json)


@app.command()
def attribute(
    size: Annotated[int, typer.Option(help="of the image, in pixels")] = 224,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Maps of one image by every method, against the bare passes that the method needs."""
    _show(bench_attribute(pick_device(device), size), as_json)


@app.command()
def train(
    steps: Annotated[int | None, typer.Option(help="a round (default: 8 on a CPU, 60 on a GPU)")] = None,
    batch: Annotated[int | None, typer.Option(help="images a step (default: 16 on a CPU, 128 on a GPU)")] = None,
    precision: Annotated[str, typer.Option(help=", ".join(PRECISIONS))] = "float32",
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Training steps per second, masks held, against a plain torchvision training loop."""
    _show(bench_train(pick_device(device), steps, batch, precision, Bar()), as_json)


@app.command()
def mis(
    images: Annotated[int, typer.Option(help="that the units were looked at with")] = IMAGES,
    as_json: Json = False,
) -> None:
    """Units scored per second, all of a network, against a plain loop over units and tasks."""
    _show(bench_mis(images, progress=Bar()), as_json)


@app.command()
def pack(
    images: Annotated[int, typer.Option(help="how many JPEG files each round")] = 4000,
    as_json: Json = False,
) -> None:
    """Images packed per second, against Pillow alone decoding the same files on all cores."""
    _show(bench_pack(images, progress=Bar()), as_json)


def _show(comparisons: Iterable[Comparison], as_json: bool) -> None:
    for one in comparisons:
        text = f"{one.name}: {one.ours:.1f} {one.unit}, {one.ratio:.2f}x {one.against} ({one.reference:.1f})"
        show(asdict(one), as_json, text)
