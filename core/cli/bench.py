"""Speed, side by side with a reference in the same run."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from core.benchmarks.evaluate import bench_evaluate
from core.cli.options import Device, Json
from core.cli.output import Bar, show
from core.jobs.devices import pick_device

app = typer.Typer(help="Speed, side by side with a reference in the same run.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `evaluate` a word of its own while it is the only benchmark."""


@app.command()
def evaluate(
    images: Annotated[int, typer.Option(help="how many pictures each round")] = 256,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Images per second of a pruned network, ours against torchvision's reference loop on the same images."""
    for one in bench_evaluate(pick_device(device), images, Bar()):
        text = f"{one.name}: {one.ours:.1f} {one.unit}, {one.ratio:.2f}x {one.against} ({one.reference:.1f})"
        show(asdict(one), as_json, text)
