"""Make the results that ship with the demo."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
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
from core.store.database import open_store
from core.store.demo import DEMO_RESULTS
from core.surveys import Survey

DEMO_EXTENT = Extent(images=1000)
DEMO_SURVEYS = (Survey(Question("gradcam")), Survey(Question("saliency")))


def demo_specs() -> list[ExperimentSpec]:
    """Return the demo's sweep: each technique by L1, local, at its default rates."""
    return [
        ExperimentSpec(pruning=Pruning(technique=technique.name, rate=rate))
        for technique in TECHNIQUES.values()
        for rate in technique.rates
    ]


def write_demo_results(device: str, progress: Progress = silent, target: Path = DEMO_RESULTS) -> Path:
    """Run the demo's sweep and surveys from nothing and write their store to `target`, as one file without a log.

    The dense network's maps, which surveys of more networks would go on from, are left out: they are large.
    """
    with tempfile.TemporaryDirectory(dir=writable(cache_folder())) as folder:
        store = open_store(Path(folder))
        for _ in evaluate(store, demo_specs(), DEMO_EXTENT, device, progress):
            pass
        for survey in DEMO_SURVEYS:
            list(survey_now(store, demo_specs(), survey, device, progress))
        with closing(sqlite3.connect(store.database)) as db:
            db.execute("DELETE FROM jobs")
            db.execute("DELETE FROM batches WHERE kind LIKE 'answers/%'")
            db.commit()
            db.execute("PRAGMA journal_mode = DELETE")
            db.execute("VACUUM")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(store.database, target)
    return target
