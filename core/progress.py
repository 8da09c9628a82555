"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int, str], None]  # done, total (0: not known), what is being done
Cancelled = Callable[[], bool]


def silent(done: int, total: int, what: str) -> None:
    """Report nothing."""


def never() -> bool:
    """Answer that nobody asked to cancel."""
    return False
