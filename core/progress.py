"""How long work tells how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable

Progress = Callable[[int, int, str], None]  # done, total (0: not known), what is being done
Cancelled = Callable[[], bool]


def silent(done: int, total: int, what: str) -> None:
    """Report nothing."""


def now_and_then(progress: Progress, seconds: float = 0.5) -> Progress:
    """Return what reports at first and then at most every so many seconds."""
    last = float("-inf")

    def tell(done: int, total: int, what: str) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            progress(done, total, what)

    return tell


def never() -> bool:
    """Answer that nobody asked to cancel."""
    return False
