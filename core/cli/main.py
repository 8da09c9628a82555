"""All commands together, and how they end."""

from __future__ import annotations

import sys

import typer

from core.cli import attribute, bench, demo, evaluate, lists, worker
from core.errors import InvalidSettingError, PrunescopeError

app = typer.Typer(
    help="Prune GoogLeNet, measure what is left, look inside.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("networks")(lists.networks)
app.command("data")(lists.data)
app.command("evaluate")(evaluate.evaluate)
app.command("sweep")(evaluate.sweep)
app.command("attribute")(attribute.attribute)
app.command("train-demo")(demo.train)
app.command("demo-results")(demo.results)
app.command("worker")(worker.worker)
app.add_typer(bench.app, name="bench")


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
