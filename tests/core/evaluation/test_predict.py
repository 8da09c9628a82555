from __future__ import annotations

import numpy as np
import pytest
import torch

from core.errors import BrokenDataError
from core.evaluation.predict import tabulate


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_logits_that_are_not_finite_are_no_predictions(value):
    logits = torch.zeros((2, 8))
    logits[1, 3] = value
    with pytest.raises(BrokenDataError, match="not finite"):
        tabulate(logits, torch.tensor([0, 1]), np.arange(2))
