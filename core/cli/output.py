"""What commands print: results to standard output, progress to standard error."""

from __future__ import annotations

import sys
from typing import Any

import typer
from tqdm import tqdm

from core.strict_json import strict_json


def show(value: dict[str, Any], as_json: bool, text: str) -> None:
    """Print `value` as one line of JSON, what is no finite number as null; or `text`."""
    typer.echo(strict_json(value) if as_json else text)


class Bar:
    """A progress bar for whatever is done at the time. Is a `core.progress.Progress`."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] = tqdm(file=sys.stderr, disable=None, leave=False)

    def __call__(self, done: int, total: int, what: str) -> None:
        """Show that `done` of `total` is done."""
        if self._bar.total != total:
            self._bar.reset(total)
        self._bar.set_description(what, refresh=False)
        self._bar.update(done - self._bar.n)
