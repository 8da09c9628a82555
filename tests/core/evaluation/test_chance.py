from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.accuracy import accuracy
from core.evaluation.chance import chance_in_words, chance_level, is_at_chance
from core.evaluation.statistics import wilson
from tests.core.evaluation.making import predictions


def figures(correct, images):
    bounds = wilson(correct, images)
    return {"images": images, "top1": correct / images, "top1_low": bounds.low, "top1_high": bounds.high}


@given(st.integers(2, 1000), st.integers(20, 5000))
def test_guessing_is_at_chance_and_what_is_below_it_too(classes, images):
    assert is_at_chance(figures(images // classes, images), classes, classes)
    assert is_at_chance(figures(0, images), classes, classes)


@given(st.integers(2, 1000), st.integers(50, 5000))
def test_a_network_that_is_mostly_right_is_not(classes, images):
    assert not is_at_chance(figures(round(0.8 * images), images), classes, classes)


@given(st.integers(2, 1000), st.integers(1, 500), st.data())
def test_more_right_answers_never_make_it_chance(classes, images, data):
    fewer, more = sorted(data.draw(st.tuples(st.integers(0, images), st.integers(0, images))))
    assert is_at_chance(figures(fewer, images), classes, classes) or not is_at_chance(
        figures(more, images), classes, classes
    )


@pytest.mark.parametrize("present", [2, 10, 24])
def test_a_perfect_network_on_shuffled_labels_is_at_chance_whatever_it_could_say_besides(present):
    """A derangement of the classes leaves none right; a permutation drawn at random one class on average."""
    labels = np.arange(600) % present
    moved = (labels + 1) % present
    assert is_at_chance(accuracy(predictions(labels, moved)), present, 1000)
    assert not is_at_chance(accuracy(predictions(labels, labels)), present, 1000)


def test_a_single_class_is_guessed_among_all():
    assert chance_level(1, 1000) == 1 / 1000
    assert not is_at_chance(figures(30, 50), 1, 1000)


def test_it_says_what_guessing_would_give_and_what_may_be_wrong():
    said = chance_in_words(figures(9, 1000), 1000, 1000)
    assert "0.9 %" in said
    assert "0.1 %" in said
    assert "mapping" in said
    assert "preprocessing" in said
