"""Survey networks here and now, in this process, and give their figures as rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.experiment import ExperimentSpec, with_dense_first
from core.interpretability.survey import Rows, figures
from core.jobs.executor import Executor
from core.jobs.foreground import work_through
from core.jobs.rows import row_of
from core.jobs.subject import find_subject
from core.progress import Progress, silent
from core.store.batches import load
from core.store.database import Store
from core.surveys import Survey


def survey_now(
    store: Store, specs: Sequence[ExperimentSpec], survey: Survey, device: str, progress: Progress = silent
) -> Iterator[dict[str, Any]]:
    """Yield one row a spec (all of one network and its images): what was asked, the figures, the yardsticks.

    The figures are over exactly the images that `survey` asks for; None where a measure is defined for none of them.
    `randomised` and `other_image` are what the yardsticks score at the instrument's first measure, and with the name
    of a measure behind them, at that one. What is known is not measured again.
    """
    job = Executor(store).survey(specs, survey)
    if job:
        work_through(store, [job], device, progress)
    subject = find_subject(specs[0], store.folder)
    shas = subject.network.sha256, subject.fingerprint() or ""
    found = _Found(store, survey, with_dense_first(specs)[0].run_id(*shas))
    marks = found.marks()
    for spec in specs:
        run_id = spec.run_id(*shas)
        yield {
            **row_of(run_id, spec, subject.network.zeros),
            "method": survey.question.method,
            "question": survey.question.in_words(),
            **found.figures(run_id, survey.kind),
            **marks,
        }


@dataclass(frozen=True)
class _Found:
    """What a survey found, cut to the images that it asks for."""

    store: Store
    survey: Survey
    dense_id: str

    def figures(self, run_id: str, kind: str) -> dict[str, Any]:
        """Return the figures of a run, None for those that are not defined."""
        names = [f"{measure}{end}" for measure in self.survey.measures.told for end in ("", "_low", "_high", "_images")]
        return dict.fromkeys(names) | figures(self._rows(run_id, kind), self._rows(self.dense_id, self.survey.kind))

    def marks(self) -> dict[str, float | None]:
        """Return what the yardsticks score, under names that say which."""
        found: dict[str, float | None] = {}
        for name, printed in (("randomised", "randomised"), ("other", "other_image")):
            scores = self.figures(self.dense_id, self.survey.yardstick(name))
            found[printed] = scores[self.survey.measures.measures[0]]
            found |= {f"{printed}_{measure}": scores[measure] for measure in self.survey.measures.measures}
        return found

    def _rows(self, run_id: str, kind: str) -> Rows:
        return load(self.store, run_id, kind, self.survey.measures.rows, self.survey.images)
