"""The demo's own results, which ship with the project in the store's own format."""

from __future__ import annotations

from core.paths import DEMO
from core.store.database import Store
from core.store.runs import import_runs

DEMO_RESULTS = DEMO / "results.sqlite"


def import_demo(store: Store) -> int:
    """Copy the shipped runs that are not in the store yet, labelled as shipped; return how many."""
    return import_runs(store, DEMO_RESULTS) if DEMO_RESULTS.is_file() else 0
