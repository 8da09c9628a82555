"""Scan a network's layers here and now, in this process, and give the table."""

from __future__ import annotations

import pandas as pd

from core.experiment import ExperimentSpec
from core.jobs.executor import Executor
from core.jobs.foreground import work_through
from core.jobs.subject import find_subject
from core.progress import Progress, silent
from core.sensitivity import Scan, known_points, sensitivity_table
from core.store.database import Store


def scan_now(store: Store, spec: ExperimentSpec, scan: Scan, device: str, progress: Progress = silent) -> pd.DataFrame:
    """Return the `sensitivity_table` of a scan of the dense network that `spec` names; what is known is not redone.

    Raises PrunescopeError with the reason if the job fails.
    """
    job = Executor(store).sensitivity(spec, scan)
    if job:
        work_through(store, [job], device, progress)
    subject = find_subject(spec, store.folder)
    dense_id = spec.dense().run_id(subject.network.sha256, subject.fingerprint() or "")
    return sensitivity_table(known_points(store, dense_id, scan, subject.available()), scan)
