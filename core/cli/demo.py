"""Make again what ships with the demo."""

from __future__ import annotations

import shutil
from typing import Annotated

import typer

from core.cli.options import Device
from core.cli.output import Bar
from core.jobs.demo_results import write_demo_results
from core.jobs.devices import pick_device
from core.networks.registry import DEMO_CHECKPOINT
from core.paths import cache_folder
from core.training.demo import DemoRecipe, train_demo


def train() -> None:
    """Train the demo network from nothing on the generated scenes and ship it; interrupted, it goes on where it was."""
    trained = train_demo(DemoRecipe(), cache_folder() / "training", Bar())
    typer.echo(shutil.copyfile(trained, DEMO_CHECKPOINT))


def results(
    device: Device = "auto",
    afresh: Annotated[bool, typer.Option("--afresh", help="measure again what ships already")] = False,
) -> None:
    """Measure the demo's sweep, retraining, surveys and units, and ship them; interrupted, it goes on where it was."""
    typer.echo(write_demo_results(pick_device(device), Bar(), afresh=afresh))
