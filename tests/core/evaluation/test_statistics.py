from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.errors import InvalidSettingError
from core.evaluation.statistics import (
    Interval,
    Pairs,
    bootstrap_mean,
    difference,
    mcnemar,
    paired_difference,
    pairs,
    wilson,
)

counts = st.integers(0, 60)


def answers(both: int, only_dense: int, only_pruned: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    dense = [True] * (both + only_dense) + [False] * (only_pruned + neither)
    pruned = [True] * both + [False] * only_dense + [True] * only_pruned + [False] * neither
    return np.array(dense), np.array(pruned)


# --- one share


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_limits(successes, n, low, high):
    interval = wilson(successes, n)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0.5, 0.999))
def test_wilson_is_scipys(n, share, level):
    successes = round(share * n)
    expected = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    interval = wilson(successes, n, level)
    assert interval.low == pytest.approx(expected.low, abs=1e-12)
    assert interval.high == pytest.approx(expected.high, abs=1e-12)


@given(st.integers(1, 500), st.data())
def test_wilson_holds_the_share_is_symmetric_and_bounded(n, data):
    successes = data.draw(st.integers(0, n))
    interval, mirrored = wilson(successes, n), wilson(n - successes, n)
    assert 0 <= interval.low <= successes / n <= interval.high <= 1
    assert interval.low == pytest.approx(1 - mirrored.high)
    assert interval.half_width > wilson(4 * successes, 4 * n).half_width
    assert interval.half_width < wilson(successes, n, 0.99).half_width


def test_wilson_reaches_the_ends_exactly():
    assert wilson(0, 9).low == 0
    assert wilson(9, 9).high == 1


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7, 0.9])
def test_wilson_covers_what_it_promises(share):
    n = 200
    chances = stats.binom.pmf(np.arange(n + 1), n, share)
    covered = [wilson(k, n).low <= share <= wilson(k, n).high for k in range(n + 1)]
    assert 0.93 < chances[covered].sum() < 0.975


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 5), (1, -2)])
def test_wilson_refuses_what_cannot_be(successes, n):
    with pytest.raises(InvalidSettingError, match="at least one trial"):
        wilson(successes, n)


@pytest.mark.parametrize("level", [0, 1, 1.5, -0.1])
def test_a_level_lies_between_0_and_1(level):
    with pytest.raises(InvalidSettingError, match="confidence level"):
        wilson(1, 2, level)


# --- a mean


samples = st.lists(st.integers(-20, 20), min_size=2, max_size=30).map(lambda values: np.array(values) / 20)


@settings(max_examples=25)
@given(samples)
def test_a_bootstrap_interval_is_scipys_and_within_the_values(values):
    found = bootstrap_mean(values, seed=3)
    assert values.min() <= found.low <= found.high <= values.max()
    if values.min() < values.max():
        rng = np.random.default_rng(3)
        expected = stats.bootstrap((values,), np.mean, method="BCa", rng=rng).confidence_interval
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_a_bootstrap_interval_is_the_same_for_the_same_seed():
    values = np.random.default_rng(0).random(40)
    assert bootstrap_mean(values) == bootstrap_mean(values, seed=0) != bootstrap_mean(values, seed=1)


def test_a_higher_level_and_fewer_values_give_a_wider_interval():
    values = np.random.default_rng(0).random(200)
    assert bootstrap_mean(values, 0.99).half_width > bootstrap_mean(values).half_width
    assert bootstrap_mean(values[:50]).half_width > 1.5 * bootstrap_mean(values).half_width


def test_of_many_values_the_bootstrap_agrees_with_students_interval():
    values = np.random.default_rng(1).normal(size=3000)
    expected = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
    found = bootstrap_mean(values)
    assert (found.low, found.high) == pytest.approx(expected, abs=0.003)


def test_what_is_not_known_is_left_out():
    values = np.random.default_rng(2).random(30)
    assert bootstrap_mean(np.insert(values, 7, [np.nan, np.nan])) == bootstrap_mean(values)


@pytest.mark.parametrize("values", [[], [0.4], [np.nan], [np.nan, 0.4, np.nan], [0.4, np.inf]])
def test_fewer_than_two_values_and_infinite_ones_tell_of_no_spread(values):
    found = bootstrap_mean(np.array(values))
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_values_that_are_equal_but_for_rounding_have_no_spread():
    assert bootstrap_mean(np.full(5, 0.3)) == Interval(0.3, 0.3)
    below = np.nextafter(1, 0)
    assert bootstrap_mean(np.array([1, below, 1, 1])) == Interval(below, 1)


@pytest.mark.parametrize("values", [[], [1.0, 2.0]])
def test_the_level_of_a_bootstrap_lies_between_0_and_1(values):
    with pytest.raises(InvalidSettingError, match="confidence level"):
        bootstrap_mean(np.array(values), 1.0)


# --- two networks


@pytest.mark.parametrize(
    ("table", "p"),
    [
        ((59, 6, 16, 80), 0.052479),  # Cavo et al. 2012, in Fagerland et al. 2014
        ((0, 0, 5, 0), 0.0625),
        ((10, 3, 3, 4), 1.0),
        ((10, 0, 0, 4), 1.0),
    ],
)
def test_mcnemar_gives_the_published_p(table, p):
    assert mcnemar(*answers(*table)) == pytest.approx(p, abs=5e-7)


@given(counts, st.integers(0, 9), st.integers(0, 9), counts)
def test_mcnemar_counts_every_way_the_disagreements_can_fall(both, only_dense, only_pruned, neither):
    """Under the hypothesis each disagreement is a fair coin: p is the share of outcomes at least as uneven."""
    if not both + only_dense + only_pruned + neither:
        return
    uneven, n = abs(only_dense - only_pruned), only_dense + only_pruned
    as_uneven = sum(math.comb(n, k) for k in range(n + 1) if abs(2 * k - n) >= uneven) / 2**n
    assert mcnemar(*answers(both, only_dense, only_pruned, neither)) == pytest.approx(as_uneven)


@pytest.mark.parametrize(
    ("table", "low", "high"),
    [  # Newcombe 1998, Statistics in Medicine 17:2635, method 10; the last two: Fagerland et al. 2014
        ((36, 12, 2, 0), 0.0569, 0.3404),
        ((18, 12, 2, 18), 0.0562, 0.3290),
        ((59, 6, 16, 80), -0.1186, -0.0046),
        ((1, 1, 7, 12), -0.5069, -0.0256),
    ],
)
def test_paired_difference_gives_the_published_limits(table, low, high):
    one, other = answers(*table)
    found = paired_difference(other, one)  # the tables have first less second, ours is pruned less dense
    assert found.value == pytest.approx((table[1] - table[2]) / sum(table))
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


@given(counts, counts, counts, counts)
def test_paired_difference_is_antisymmetric_and_bounded(both, only_dense, only_pruned, neither):
    if not both + only_dense + only_pruned + neither:
        return
    dense, pruned = answers(both, only_dense, only_pruned, neither)
    found, swapped = paired_difference(dense, pruned), paired_difference(pruned, dense)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (found.low, found.high) == (pytest.approx(-swapped.high), pytest.approx(-swapped.low))
    assert found.p == pytest.approx(swapped.p) == pytest.approx(mcnemar(dense, pruned))
    assert 0 <= found.p <= 1


def test_the_counts_alone_say_the_difference():
    table = (450, 20, 10, 20)
    assert difference(Pairs(*table)) == paired_difference(*answers(*table))
    assert difference(Pairs(*table), 0.5) == paired_difference(*answers(*table), 0.5) != difference(Pairs(*table))


def test_pairing_narrows_the_interval_of_networks_that_agree():
    agreeing, independent = answers(450, 20, 10, 20), answers(441, 29, 19, 11)
    narrow, wide = paired_difference(*agreeing), paired_difference(*independent)
    assert narrow.value == pytest.approx(wide.value)
    assert narrow.high - narrow.low < wide.high - wide.low


def test_identical_answers_differ_by_nothing_but_are_not_known_for_certain():
    found = paired_difference(*answers(80, 0, 0, 20))
    assert found.value == 0
    assert found.low < 0 < found.high
    assert found.p == 1


@pytest.mark.parametrize("chances", [(0.6, 0.15, 0.05, 0.2), (0.85, 0.03, 0.02, 0.1), (0.25, 0.25, 0.25, 0.25)])
def test_paired_difference_covers_what_it_promises(chances):
    tables = np.random.default_rng(0).multinomial(300, chances, size=1500)
    truth = chances[2] - chances[1]
    found = [paired_difference(*answers(*table)) for table in tables]
    covered = np.mean([one.low <= truth <= one.high for one in found])
    assert 0.935 < covered < 0.985


def test_the_order_of_the_images_does_not_matter():
    dense, pruned = answers(5, 4, 3, 2)
    shuffle = np.random.default_rng(1).permutation(len(dense))
    assert paired_difference(dense, pruned) == paired_difference(dense[shuffle], pruned[shuffle])


def test_pairs_count_each_kind():
    for table in itertools.product(range(3), repeat=4):
        if sum(table):
            found = pairs(*answers(*table))
            assert (found.both, found.only_dense, found.only_pruned, found.neither) == table
            assert found.total == sum(table)


@pytest.mark.parametrize(("dense", "pruned"), [([], []), ([True], [True, False]), ([[True]], [[True]])])
def test_answers_must_be_about_the_same_images(dense, pruned):
    for measure in (mcnemar, paired_difference):
        with pytest.raises(InvalidSettingError, match="the same images, at least one"):
            measure(np.array(dense, bool), np.array(pruned, bool))


def test_half_width_is_half_the_width():
    assert Interval(0.2, 0.5).half_width == pytest.approx(0.15)
