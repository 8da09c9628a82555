"""Make the results that ship with the demo."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from core.experiment import ExperimentSpec, Extent
from core.jobs.evaluate import evaluate
from core.paths import cache_folder
from core.progress import Progress, silent
from core.pruning.settings import Pruning
from core.pruning.techniques import TECHNIQUES
from core.store.database import open_store
from core.store.demo import DEMO_RESULTS

DEMO_EXTENT = Extent(images=1000)


def demo_specs() -> list[ExperimentSpec]:
    """Return the demo's sweep: each technique by L1, local, at its default rates."""
    return [
        ExperimentSpec(pruning=Pruning(technique=technique.name, rate=rate))
        for technique in TECHNIQUES.values()
        for rate in technique.rates
    ]


def write_demo_results(device: str, progress: Progress = silent, target: Path = DEMO_RESULTS) -> Path:
    """Run the demo's sweep from nothing and write its store to `target`, as one file without a log beside it."""
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        store = open_store(Path(folder))
        for _ in evaluate(store, demo_specs(), DEMO_EXTENT, device, progress):
            pass
        with closing(sqlite3.connect(store.database)) as db:
            db.execute("DELETE FROM jobs")
            db.commit()
            db.execute("PRAGMA journal_mode = DELETE")
            db.execute("VACUUM")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(store.database, target)
    return target
