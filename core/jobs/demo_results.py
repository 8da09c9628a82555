"""Make the results that ship with the demo."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from core.experiment import ExperimentSpec, Extent, with_controls
from core.interpretability.question import Question
from core.jobs.evaluate import evaluate
from core.jobs.executor import Executor, run_of
from core.jobs.foreground import work_through
from core.jobs.studied import is_studied
from core.jobs.subject import find_subject, resolved
from core.jobs.survey_now import survey_now
from core.jobs.units_now import units_now
from core.paths import cache_folder, writable
from core.progress import Progress, silent
from core.pruning.settings import Pruning
from core.pruning.techniques import TECHNIQUES
from core.store.database import Store, open_store
from core.store.demo import DEMO_RESULTS
from core.store.runs import import_runs
from core.surveys import Survey
from core.training.presets import PRESETS
from core.units.study import UnitStudy

DEMO_EXTENT = Extent(images=1000)
DEMO_SURVEYS: tuple[tuple[Survey, Callable[[Pruning], bool]], ...] = (  # a survey, and of which of the sweep's networks
    (Survey(Question("gradcam")), lambda pruning: True),
    (Survey(Question("saliency")), lambda pruning: True),
    (Survey(Question("ig")), lambda pruning: pruning.technique == "unstructured" and pruning.rate in (0.2, 0.5, 0.8)),
)


DEMO_RETRAINED: dict[str, dict[str, tuple[float, ...]]] = {  # a preset -> technique -> rates, of those of the sweep
    "recalibrate": {
        "unstructured": (0.6, 0.7, 0.8, 0.9),
        "structured": (0.05, 0.1, 0.15, 0.2, 0.3, 0.4),
        "connection": (0.05, 0.1, 0.15, 0.2, 0.3, 0.4),
    },
    "quick": {"structured": (0.2, 0.3, 0.4)},
}


DEMO_STUDY = UnitStudy()
DEMO_STUDIED: tuple[tuple[str, float, str], ...] = (  # technique, rate, preset of the retraining ("": none)
    ("unstructured", 0.0, ""),
    ("unstructured", 0.5, ""),
    ("unstructured", 0.8, ""),
    ("structured", 0.1, ""),
    ("structured", 0.2, ""),
    ("structured", 0.3, ""),
    ("structured", 0.0, "quick"),
    ("structured", 0.3, "quick"),
)


def demo_specs() -> list[ExperimentSpec]:
    """Return the demo's sweep: each technique by L1, local, at its default rates."""
    return [
        ExperimentSpec(pruning=Pruning(technique=technique.name, rate=rate))
        for technique in TECHNIQUES.values()
        for rate in technique.rates
    ]


def retrained_specs() -> list[ExperimentSpec]:
    """Return what of the sweep is retrained, with its dense controls."""
    found = [
        resolved(ExperimentSpec(pruning=Pruning(technique, rate=rate), retraining=PRESETS[preset].retraining))
        for preset, techniques in DEMO_RETRAINED.items()
        for technique, rates in techniques.items()
        for rate in rates
    ]
    return with_controls(found)


def studied_specs() -> list[ExperimentSpec]:
    """Return those whose units are studied: the dense network, some of the sweep, one retrained with its control."""
    found = [
        ExperimentSpec(pruning=Pruning(technique, rate=rate), retraining=PRESETS[preset].retraining if preset else None)
        for technique, rate, preset in DEMO_STUDIED
    ]
    return [resolved(spec) for spec in found]


def write_demo_results(
    device: str, progress: Progress = silent, target: Path = DEMO_RESULTS, *, afresh: bool = False
) -> Path:
    """Run the demo's sweep, retraining, surveys and the study of units, write their store to `target` and return it.

    What `target` holds already is taken over, unless it is all to be measured `afresh`. Interrupted, the next call goes
    on where this one was.
    """
    store = open_store(writable(cache_folder() / "demo-results"))
    if target.is_file() and not afresh:
        import_runs(store, target)
    for _ in evaluate(store, [*demo_specs(), *retrained_specs()], DEMO_EXTENT, device, progress):
        pass
    for survey, wanted in DEMO_SURVEYS:
        list(survey_now(store, [spec for spec in demo_specs() if wanted(spec.pruning)], survey, device, progress))
    work_through(store, Executor(store).remake(_to_be_retrained(store)), device, progress)
    list(units_now(store, studied_specs(), DEMO_STUDY, device, progress))
    ship(store, target)
    shutil.rmtree(store.folder)
    return target


def _to_be_retrained(store: Store) -> list[ExperimentSpec]:
    """Return those whose units are to be studied and whose weights, which do not ship, it takes to do so."""
    subject = find_subject(ExperimentSpec(), store.folder)
    return [
        spec
        for spec in studied_specs()
        if spec.retraining and not is_studied(store, run_of(spec, subject).id, DEMO_STUDY)
    ]


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
