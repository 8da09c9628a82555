from __future__ import annotations

from dataclasses import replace

import pytest

from core.training.rates import SHAPES, learning_rate
from core.training.retraining import SCHEDULES, Retraining

HOW = Retraining(epochs=10, learning_rate=0.1)
STEPS, PER_EPOCH = 1000, 100


def rates(**settings) -> list[float]:
    how = replace(HOW, **settings)
    return [learning_rate(how, step, STEPS, PER_EPOCH) for step in range(STEPS)]


def test_every_schedule_that_can_be_chosen_has_a_shape():
    assert SHAPES.keys() == SCHEDULES.keys()


def test_constant_stays():
    assert set(rates(schedule="constant")) == {0.1}


def test_exponential_falls_by_its_factor_after_each_epoch():
    found = rates(schedule="exponential", decay=0.9)
    assert found == pytest.approx([0.1 * 0.9 ** (step // PER_EPOCH) for step in range(STEPS)])


def test_cosine_falls_from_the_learning_rate_to_nothing():
    found = rates(schedule="cosine")
    assert found[0] == pytest.approx(0.1)
    assert found[500] == pytest.approx(0.05)
    assert found == sorted(found, reverse=True)
    assert 0 < found[-1] < 1e-5


def test_one_cycle_is_highest_after_three_tenths():
    found = rates(schedule="one-cycle")
    assert max(found) == pytest.approx(0.1)
    assert found.index(max(found)) == 300
    assert found[:301] == sorted(found[:301])
    assert found[300:] == sorted(found[300:], reverse=True)
    assert (found[0], found[-1]) == (pytest.approx(0.004), pytest.approx(0, abs=1e-5))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_schedule_follows_the_warm_up(schedule):
    found, cold = rates(schedule=schedule, warm_up=2.5), rates(schedule=schedule)
    rising = found[:251]
    if schedule != "one-cycle":  # which begins low itself
        assert rising == sorted(rising)
        assert rising[0] < 0.001
        assert found[250] == pytest.approx(cold[0])
    assert max(found) == pytest.approx(max(cold), rel=0.01)


def test_a_fraction_of_the_steps_decides_whatever_their_number():
    short = [learning_rate(replace(HOW, schedule="cosine"), step, 10, 1) for step in range(10)]
    assert short == pytest.approx(rates(schedule="cosine")[::100])
