"""Make the results that ship with the demo."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from core.experiment import ExperimentSpec, Extent
from core.interpretability.question import Question
from core.jobs.evaluate import evaluate
from core.jobs.survey_now import survey_now
from core.paths import cache_folder, writable
from core.progress import Progress, silent
from core.pruning.settings import Pruning
from core.pruning.techniques import TECHNIQUES
from core.store.database import Store, open_store
from core.store.demo import DEMO_RESULTS
from core.surveys import Survey

DEMO_EXTENT = Extent(images=1000)
DEMO_SURVEYS: tuple[tuple[Survey, Callable[[Pruning], bool]], ...] = (  # a survey, and of which of the sweep's networks
    (Survey(Question("gradcam")), lambda pruning: True),
    (Survey(Question("saliency")), lambda pruning: True),
    (Survey(Question("ig")), lambda pruning: pruning.technique == "unstructured" and pruning.rate in (0.2, 0.5, 0.8)),
)


def demo_specs() -> list[ExperimentSpec]:
    """Return the demo's sweep: each technique by L1, local, at its default rates."""
    return [
        ExperimentSpec(pruning=Pruning(technique=technique.name, rate=rate))
        for technique in TECHNIQUES.values()
        for rate in technique.rates
    ]


def write_demo_results(device: str, progress: Progress = silent, target: Path = DEMO_RESULTS) -> Path:
    """Run the demo's sweep and surveys from nothing and write their store to `target`; return it."""
    with tempfile.TemporaryDirectory(dir=writable(cache_folder())) as folder:
        store = open_store(Path(folder))
        for _ in evaluate(store, demo_specs(), DEMO_EXTENT, device, progress):
            pass
        for survey, wanted in DEMO_SURVEYS:
            list(survey_now(store, [spec for spec in demo_specs() if wanted(spec.pruning)], survey, device, progress))
        return ship(store, target)


def ship(store: Store, target: Path) -> Path:
    """Write what a store holds to `target` as one file without a log beside it, for `import_runs`; return it.

    Without the queue and the dense network's maps: these are large, and made again where a survey goes on from them.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(store.database)) as db, closing(sqlite3.connect(target)) as copy:
        db.backup(copy)
        copy.execute("DELETE FROM jobs")
        copy.execute("DELETE FROM batches WHERE kind LIKE 'answers/%'")
        copy.commit()
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("VACUUM")
    return target
