"""Options that hold several values, with commas between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, TypeVar

import typer

from core.cli.named import named_runs, specs_of
from core.errors import InvalidSettingError
from core.experiment import ExperimentSpec
from core.jobs.subject import find_subject, same_network
from core.pruning.techniques import TECHNIQUES
from core.store.database import open_store

Part = TypeVar("Part")

TechniqueList = Annotated[str, typer.Option("--technique", help=f"any of {', '.join(TECHNIQUES)}, with commas")]
RateList = Annotated[str, typer.Option("--rates", help="shares to remove, with commas: 0.2,0.5")]


def asked_for(like: ExperimentSpec, techniques: str, rates: str, runs: Sequence[str] | None) -> list[ExperimentSpec]:
    """Return every technique at every rate, all else as in `like`; or what was asked for in these runs, if any.

    Raises InvalidSettingError, what `named_runs` raises, and BrokenDataError if the runs' network is not what it was.
    """
    named = named_runs(runs or [])
    if named:
        specs = specs_of(named)
        same_network(find_subject(specs[0], open_store().folder), named[0].network_sha)
        return specs
    return [
        replace(like, pruning=replace(like.pruning, technique=name, rate=rate))
        for name in parts(techniques, str, "technique")
        for rate in parts(rates, float, "rate")
    ]


def parts(text: str, kind: Callable[[str], Part], what: str) -> list[Part]:
    """Return the parts of a list with commas."""
    try:
        found = [kind(part.strip()) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise InvalidSettingError(
            f"{what} {text!r}", "values with commas between them", "for example 0.2,0.5"
        ) from error
    if not found:
        raise InvalidSettingError(f"no {what} in {text!r}", "at least one", f"name a {what}")
    return found
