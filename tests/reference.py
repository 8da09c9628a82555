"""The reference images and weights, which lie beside the project where they are present at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

REFERENCE = Path(__file__).parents[2] / "shared"

Test = TypeVar("Test", bound=Callable[..., None])


def needs_reference(*names: str) -> Callable[[Test], Test]:
    """Mark a test that needs these files or folders of the reference; it is skipped where they are absent."""
    missing = [name for name in names if not (REFERENCE / name).exists()]
    skip = pytest.mark.skipif(bool(missing), reason=f"not here: {', '.join(missing)} of {REFERENCE}")
    return lambda test: pytest.mark.reference(skip(test))
