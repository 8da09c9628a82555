"""Survey networks here and now, in this process, and give their figures as rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from core.experiment import ExperimentSpec, with_dense_first
from core.jobs.executor import Executor
from core.jobs.foreground import work_through
from core.jobs.subject import find_subject
from core.progress import Progress, silent
from core.store.database import Store
from core.surveys import Survey, surveyed, yardsticks


def survey_now(
    store: Store, specs: Sequence[ExperimentSpec], survey: Survey, device: str, progress: Progress = silent
) -> Iterator[dict[str, Any]]:
    """Yield one row a spec (all of one network and its images): what was asked, the figures, the yardsticks.

    `randomised` and `other_image` are what the two yardsticks score at the instrument's first measure; the figures
    are over all images surveyed so far, which may be more than `survey` asks; None where a measure is defined for none
    of them. What is known is not measured again.
    """
    job = Executor(store).survey(specs, survey)
    if job:
        work_through(store, [job], device, progress)
    subject = find_subject(specs[0], store.folder)
    shas = subject.network.sha256, subject.fingerprint() or ""
    known = surveyed(store, survey, *shas)
    dense_id = with_dense_first(specs)[0].run_id(*shas)
    first = survey.measures.measures[0]
    marks = {name: figures.get(first) for name, figures in yardsticks(store, survey, dense_id).items()}
    undefined = dict.fromkeys(f"{name}{end}" for name in survey.measures.measures for end in ("", "_low", "_high"))
    for spec in specs:
        run_id = spec.run_id(*shas)
        yield {
            "run_id": run_id,
            "network": spec.network,
            "data": spec.data,
            "technique": None if spec.pruning.dense else spec.pruning.technique,
            "method": survey.question.method,
            "rate": spec.pruning.rate,
            "question": survey.question.in_words(),
            **undefined,
            **known[run_id],
            "randomised": marks.get("randomised"),
            "other_image": marks.get("other"),
        }
