from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.interpretability.mis.resampling import RESAMPLES, interval, resampled_means

scores = arrays(np.float32, st.integers(1, 30), elements=st.floats(0, 1, width=32))


@given(scores)
def test_an_interval_contains_the_mean_and_lies_within_the_range(values):
    mean = values.mean()
    low, high = interval(resampled_means(values, np.random.default_rng(0)), mean)
    assert low <= mean <= high
    assert values.min() - 1e-6 <= low
    assert high <= values.max() + 1e-6


def test_one_task_tells_of_no_spread():
    means = resampled_means(np.array([0.7], np.float32), np.random.default_rng(0))
    assert means.shape == (RESAMPLES,)
    assert np.ptp(means) == 0


def test_resampled_means_spread_as_means_do():
    values = np.random.default_rng(1).random(200).astype(np.float32)
    spread = resampled_means(values, np.random.default_rng(2)).std()
    assert spread == pytest.approx(values.std() / np.sqrt(len(values)), rel=0.1)


def test_values_of_more_than_a_byte_of_tasks_are_all_drawn():
    values = np.arange(200, dtype=np.float32)
    assert resampled_means(values, np.random.default_rng(0)).mean() == pytest.approx(values.mean(), rel=0.01)
