"""Score the units of networks here and now, in this process, and give their figures as rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from core.errors import PrunescopeError
from core.experiment import ExperimentSpec
from core.jobs.executor import Executor
from core.jobs.foreground import work_through
from core.jobs.rows import row_of
from core.jobs.studied import resolved_study
from core.jobs.subject import find_subject
from core.progress import Progress, silent
from core.store.database import Store
from core.store.runs import find_result
from core.units.results import randomised_figures
from core.units.study import UnitStudy, within


def units_now(
    store: Store, specs: Sequence[ExperimentSpec], study: UnitStudy, device: str, progress: Progress = silent
) -> Iterator[dict[str, Any]]:
    """Yield one row a spec (all of one network and its images): what was asked, and the figures of its units.

    `mis` is the mean over the live units, with its bootstrap interval over the tasks, and `hard` the share of tasks
    decided correctly; constant units are counted apart. Of layers and blocks the same, by name. `randomised` is what
    the dense network scores with fresh random weights. What is known is not measured again. Where the job fails, the
    rows of the networks that are scored come first, then PrunescopeError with the reason.
    """
    subject = find_subject(specs[0], store.folder)
    asked = resolved_study(study, subject)
    failure = _failure(store, specs, asked, device, progress)
    asked, sha = within(asked, subject.available()), subject.fingerprint() or ""  # packed by now: some may be broken
    mark = randomised_figures(store, asked, specs[0].dense().run_id(subject.network.sha256, sha)) or {}
    for spec in specs:
        run_id = spec.run_id(subject.network.sha256, sha)
        found = find_result(store, run_id, asked.kind)
        if found is None:
            failure = failure or _unknown(run_id)
            continue
        yield {
            **row_of(run_id, spec, subject.network.zeros),
            "encoder": asked.encoding.name,
            "score": asked.score,
            **{name: value for name, value in found.items() if name != "study"},
            "randomised": mark.get("mis"),
            "randomised_hard": mark.get("hard"),
        }
    if failure:
        raise failure


def _failure(
    store: Store, specs: Sequence[ExperimentSpec], study: UnitStudy, device: str, progress: Progress
) -> PrunescopeError | None:
    """Score what is not scored yet, and return why some of it could not be."""
    job = Executor(store).units(specs, study)
    try:
        if job:
            work_through(store, [job], device, progress)
    except PrunescopeError as error:
        return error
    return None


def _unknown(run_id: str) -> PrunescopeError:
    return PrunescopeError(
        f"nothing is known of the units of run {run_id}",
        "a run that stays in the store while it is scored",
        "it was deleted meanwhile: ask for it again",
    )
