from __future__ import annotations

import math

import pytest

from core import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1 s"), (40, "40 s"), (58, "1 min"), (125, "2 min"), (3600, "60 min"), (5400, "1.5 h"), (200_000, "2.3 days")],
)
def test_durations_are_as_exact_as_one_wants_to_know(seconds, text):
    assert words.duration(seconds) == text


def test_shares_are_per_cent_with_one_decimal_and_a_missing_one_is_a_dash():
    assert words.percent(0.8123) == "81.2 %"
    assert words.percent(math.nan) == words.NOT_KNOWN
    assert words.between(0.7931, 0.8302) == "79.3 to 83.0 %"


def test_differences_carry_their_sign():
    assert words.points(-0.031) == "−3.1 points"
    assert words.points(0.004) == "+0.4 points"


def test_thousands_are_separated_and_plurals_agree():
    assert words.count(1, "image") == "1 image"
    assert words.count(12_500, "image") == "12,500 images"
    assert words.count(2, "class", "classes") == "2 classes"


def test_lists_read_as_a_sentence():
    assert [words.listed("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_small_probabilities_are_not_called_zero():
    assert words.probability(0.0) == "p < 0.001"
    assert words.probability(0.0312) == "p = 0.031"
