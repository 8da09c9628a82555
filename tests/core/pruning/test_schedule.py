from __future__ import annotations

from itertools import pairwise
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pruning.schedule import SPACINGS, stages
from core.pruning.settings import DECIMALS, Pruning

rates = st.floats(0.01, 0.95)
spacings = st.sampled_from(list(SPACINGS))


@given(rates, st.integers(1, 10), spacings)
def test_the_rate_rises_and_ends_where_it_was_asked_to(rate, steps, spacing):
    found = [stage.rate for stage in stages(Pruning("structured", rate=rate), steps, spacing)]
    assert len(found) == steps
    assert found[-1] == round(rate, DECIMALS)
    assert found == sorted(found) and found[0] > 0


@given(rates, st.integers(2, 10))
def test_linear_steps_remove_the_same_share_of_the_whole(rate, steps):
    found = [0.0, *(stage.rate for stage in stages(Pruning(rate=rate), steps, "linear"))]
    assert all(isclose(b - a, rate / steps, abs_tol=1e-8) for a, b in pairwise(found))


@given(rates, st.integers(2, 10))
def test_geometric_steps_remove_the_same_share_of_what_is_left(rate, steps):
    left = [1.0, *(1 - stage.rate for stage in stages(Pruning(rate=rate), steps, "geometric"))]
    assert all(isclose(b / a, (1 - rate) ** (1 / steps), rel_tol=1e-6) for a, b in pairwise(left))


@given(rates, st.integers(2, 10))
def test_cubic_steps_follow_automated_gradual_pruning(rate, steps):
    found = [stage.rate for stage in stages(Pruning(rate=rate), steps, "cubic")]
    expected = [rate + (0 - rate) * (1 - step / steps) ** 3 for step in range(1, steps + 1)]  # Zhu & Gupta 2017, eq. 1
    assert found == pytest.approx(expected, abs=1e-8)


@given(spacings)
def test_rates_of_single_layers_rise_as_the_rate_of_all_does(spacing):
    pruning = Pruning(rate=0.5, layer_rates=(("inception3a.branch1.conv", 0.5), ("inception3b.branch1.conv", 0.0)))
    for stage in stages(pruning, 4, spacing):
        assert dict(stage.layer_rates) == {"inception3a.branch1.conv": stage.rate, "inception3b.branch1.conv": 0.0}


def test_one_step_is_one_shot():
    pruning = Pruning("connection", rate=0.3)
    assert stages(pruning, 1, "cubic") == (pruning,)
