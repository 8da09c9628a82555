"""Options that hold several values, with commas between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from core.errors import InvalidSettingError
from core.pruning.techniques import TECHNIQUES

Part = TypeVar("Part")

TechniqueList = Annotated[str, typer.Option("--technique", help=f"any of {', '.join(TECHNIQUES)}, with commas")]
RateList = Annotated[str, typer.Option("--rates", help="shares to remove, with commas: 0.2,0.5")]


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
