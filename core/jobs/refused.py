"""Networks that a job of many could not do."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import MissingFileError, PrunescopeError
from core.words import count


def raise_refused(refused: Sequence[tuple[str, PrunescopeError]], networks: int, done: str) -> None:
    """Raise MissingFileError that names those among `networks` that could not be `done` ("surveyed"), if there are any.

    `refused` has the title of each and why; of the reasons the first is told.
    """
    if refused:
        titles, first = "; ".join(title for title, _ in refused), refused[0][1]
        what = f"{count(len(refused), 'network')} of {networks} could not be {done} ({titles})"
        raise MissingFileError(f"{what}: {first.given}", first.allowed, first.mend)
