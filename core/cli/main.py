"""All commands together, and how they end."""

from __future__ import annotations

import sys

import typer

from core.cli.agreement import agreement
from core.cli.attribute import attribute
from core.cli.bench import app as bench
from core.cli.compact import compact
from core.cli.demo import results, train
from core.cli.evaluate import evaluate, sweep
from core.cli.export import export
from core.cli.lists import data, methods, networks
from core.cli.networks import network
from core.cli.packs import packs
from core.cli.retrain import retrain
from core.cli.sensitivity import sensitivity
from core.cli.study import study
from core.cli.units import units
from core.cli.visualise import visualise
from core.cli.worker import worker
from core.errors import InvalidSettingError, PrunescopeError

app = typer.Typer(
    help="Prune GoogLeNet, measure what is left, look inside.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("networks")(networks)
app.command("network")(network)
app.command("data")(data)
app.command("packs")(packs)
app.command("methods")(methods)
app.command("evaluate")(evaluate)
app.command("sweep")(sweep)
app.command("retrain")(retrain)
app.command("compact")(compact)
app.command("export")(export)
app.command("attribute")(attribute)
app.command("agreement")(agreement)
app.command("sensitivity")(sensitivity)
app.command("units")(units)
app.command("study")(study)
app.command("visualise")(visualise)
app.command("train-demo")(train)
app.command("demo-results")(results)
app.command("worker")(worker)
app.add_typer(bench, name="bench")


def main() -> None:
    """Run the command line: exit status 0, 1 (failed, with one line why) or 2 (bad use)."""
    try:
        app()
    except InvalidSettingError as error:
        _fail(error, 2)
    except PrunescopeError as error:
        _fail(error, 1)
    except KeyboardInterrupt:
        _fail("interrupted; what was measured is kept", 130)


def _fail(why: object, status: int) -> None:
    typer.echo(f"prunescope: {why}".replace("\n", " "), err=True)
    sys.exit(status)
