from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.interpretability.mis.tasks import NEGATIVE, POSITIVE, draw
from core.units.study import UnitStudy

UNITS = [("conv1.conv", 0), ("conv1.conv", 1), ("fc", 0)]
counts = st.tuples(st.integers(1, 6), st.integers(1, 8), st.integers(0, 2**31))


def bins(explanations, tasks, seed=0):
    return UnitStudy(images=2 * tasks * (explanations + 1), explanations=explanations, tasks=tasks, seed=seed)


def quantile(explanations, tasks, seed=0):
    return UnitStudy(images=200, explanations=explanations, tasks=tasks, seed=seed, drawing="quantile", quantile=0.1)


def ranks(study, units=UNITS, side=POSITIVE):
    """Return the ranks that are drawn: the extreme images are numbered in their order."""
    return draw(study, units, side, np.tile(np.arange(study.keep), (len(units), 1)))


@given(counts)
def test_each_task_takes_one_image_of_each_bin_and_all_tasks_together_take_each_image_once(values):
    study = bins(*values)
    drawn = ranks(study)
    assert drawn.shape == (len(UNITS), study.tasks, study.explanations + 1)
    assert (drawn // study.tasks == np.arange(study.explanations + 1)).all()
    assert (np.sort(drawn.reshape(len(UNITS), -1)) == np.arange(study.keep)).all()


@given(counts)
def test_the_query_is_from_the_most_extreme_bin(values):
    drawn = ranks(bins(*values))
    assert (drawn[..., :1].max(axis=1) < drawn[..., 1:].min(axis=(1, 2))[:, None]).all()


@given(counts)
def test_of_a_quantile_no_image_is_drawn_twice_for_a_task_and_the_query_is_the_least_extreme(values):
    study = quantile(*values)
    drawn = ranks(study)
    assert drawn.shape == (len(UNITS), study.tasks, study.explanations + 1)
    assert drawn.min() >= 0
    assert drawn.max() < study.keep
    assert all(len(set(task)) == len(task) for unit in drawn.tolist() for task in unit)
    assert (drawn[..., 0] > drawn[..., 1:].max(axis=-1)).all()


def test_every_image_of_the_quantile_is_drawn_as_often():
    study = quantile(9, 200)
    drawn = ranks(study, [("fc", unit) for unit in range(20)])
    times = np.bincount(drawn.ravel(), minlength=study.keep)
    expected = drawn.size / study.keep
    assert abs(times - expected).max() < 5 * np.sqrt(expected)


def test_the_draws_of_a_unit_do_not_depend_on_the_other_units():
    for study in (bins(3, 5), quantile(3, 5)):
        together = ranks(study)
        for place, unit in enumerate(UNITS):
            assert np.array_equal(ranks(study, [unit])[0], together[place])


def test_units_sides_and_seeds_have_draws_of_their_own():
    study = bins(9, 20)
    drawn = [*ranks(study), ranks(study, UNITS[:1], NEGATIVE)[0], ranks(bins(9, 20, seed=1), UNITS[:1])[0]]
    assert len({one.tobytes() for one in drawn}) == len(drawn)
    assert ranks(bins(9, 20, seed=-1)).shape == (3, 20, 10)
