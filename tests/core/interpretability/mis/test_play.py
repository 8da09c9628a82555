from __future__ import annotations

import numpy as np
import pytest

from core.interpretability.mis.measure import measure_units
from core.interpretability.mis.play import play
from tests.core.interpretability.mis.planted import SMALL, planted, random_embeddings

EVERYTHING = np.arange(SMALL.images)


@pytest.fixture(scope="module")
def units():
    activations = np.random.default_rng(5).normal(size=(SMALL.images, 12))
    return planted(np.where(np.arange(12) == 7, 0.0, activations), widths=(4, 8))


@pytest.fixture(scope="module")
def embeddings():
    return random_embeddings(SMALL.images)


def test_the_tasks_that_are_played_are_those_that_were_scored(units, embeddings):
    for row in measure_units(units, embeddings, EVERYTHING, SMALL).units:
        tasks = play(units, embeddings, EVERYTHING, SMALL, units.places[row["place"]], int(row["unit"]))
        if not row["constant"]:
            assert np.mean([task.probability for task in tasks]) == pytest.approx(row["mis"], abs=1e-6)
            assert np.mean([bool(task.right) for task in tasks]) == pytest.approx(row["hard"])


def test_a_task_shows_strong_and_weak_images_and_none_twice(units, embeddings):
    place, unit = units.places[1], 2
    top, bottom = (set(side[4 + unit].tolist()) for side in (units.top, units.bottom))
    tasks = play(units, embeddings, EVERYTHING, SMALL, place, unit)
    assert len(tasks) == SMALL.tasks
    for task in tasks:
        assert {*task.positive.tolist(), task.query_positive} <= top
        assert {*task.negative.tolist(), task.query_negative} <= bottom
        shown = [*task.positive, *task.negative, task.query_positive, task.query_negative]
        assert len(set(shown)) == len(shown) == 2 * (SMALL.explanations + 1)


def test_the_numbers_of_a_task_belong_together(units, embeddings):
    for task in play(units, embeddings, EVERYTHING, SMALL, units.places[0], 0):
        (pp, pn), (np_, nn) = task.similarity
        assert task.difference == pytest.approx((pp - pn) - (np_ - nn), abs=1e-6)
        assert task.right == (task.probability > 0.5)


def test_a_constant_unit_has_no_tasks(units, embeddings):
    assert play(units, embeddings, EVERYTHING, SMALL, units.places[1], 3) == ()


def test_both_answers_are_as_good_where_all_images_look_alike(units):
    alike = np.full((SMALL.images, 4), 0.5, np.float32)
    assert {task.right for task in play(units, alike, EVERYTHING, SMALL, units.places[0], 0)} == {None}
