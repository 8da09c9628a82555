"""What every row about a run begins with, whatever was measured on it."""

from __future__ import annotations

from typing import Any

from core.experiment import ExperimentSpec


def row_of(run_id: str, spec: ExperimentSpec, own_zeros: float) -> dict[str, Any]:
    """Return which run it is: network, data, technique (None: none), retraining in words, rate.

    And the share of zeros with which its network came: of one without any it is dense that is not pruned.
    """
    return {
        "run_id": run_id,
        "network": spec.network,
        "data": spec.data,
        "technique": None if spec.pruning.dense else spec.pruning.technique,
        "retraining": spec.retraining and spec.retraining.in_words(),
        "rate": spec.pruning.rate,
        "own_zeros": own_zeros,
    }
