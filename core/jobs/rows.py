"""What every row about a run begins with, whatever was measured on it."""

from __future__ import annotations

from typing import Any

from core.experiment import ExperimentSpec


def row_of(run_id: str, spec: ExperimentSpec) -> dict[str, Any]:
    """Return which run it is: network, data, technique (None: dense), retraining in words, rate."""
    return {
        "run_id": run_id,
        "network": spec.network,
        "data": spec.data,
        "technique": None if spec.pruning.dense else spec.pruning.technique,
        "retraining": spec.retraining and spec.retraining.in_words(),
        "rate": spec.pruning.rate,
    }
