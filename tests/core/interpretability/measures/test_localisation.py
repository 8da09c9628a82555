from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from core.errors import BrokenDataError, InvalidSettingError
from core.interpretability.measures.localisation import LOCALISATION, area, inside, localisation, pointing

shapes = array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=6)


@st.composite
def cases(draw):
    shape = draw(shapes)
    maps = draw(arrays(np.float64, shape, elements=st.integers(-5, 5).map(float)))
    return maps, draw(arrays(np.bool_, shape))


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def corner():
    """A mask of the upper left quarter of 4 x 4 pixels."""
    mask = np.zeros((1, 4, 4), bool)
    mask[0, :2, :2] = True
    return mask


@given(cases())
def test_a_uniform_map_scores_the_area(case):
    maps, masks = case
    for score in localisation(np.ones_like(maps), masks).values():
        np.testing.assert_allclose(score, area(masks))


@given(cases())
def test_what_lies_inside_and_outside_is_the_whole(case):
    maps, masks = case
    both = masks.any((1, 2)) & ~masks.all((1, 2))
    for measure in LOCALISATION.values():
        one, other = measure.compute(maps, masks)[both], measure.compute(maps, ~masks)[both]
        np.testing.assert_allclose((one + other)[~np.isnan(one)], 1)


@given(cases(), st.integers(-300, 300))
def test_scores_are_shares_and_the_scale_does_not_matter(case, power):
    maps, masks = case
    for name, score in localisation(maps, masks).items():
        known = score[~np.isnan(score)]
        assert ((known >= 0) & (known <= 1)).all()
        np.testing.assert_allclose(localisation(maps * 2.0**power, masks)[name], score)


@given(cases())
def test_an_empty_mask_scores_nothing(case):
    maps, masks = case
    for score in (*localisation(maps, np.zeros_like(masks)).values(), area(np.zeros_like(masks))):
        assert np.isnan(score).all()


def test_pointing_asks_where_the_largest_value_is():
    maps = np.zeros((1, 4, 4))
    maps[0, 1, 1] = 1
    assert pointing(maps, corner())[0] == 1
    maps[0, 3, 3] = 2
    assert pointing(maps, corner())[0] == 0


def test_ties_score_the_share_of_them_inside():
    maps = np.zeros((1, 4, 4))
    maps[0, 0, 0] = maps[0, 3, 3] = maps[0, 3, 2] = 5
    assert pointing(maps, corner())[0] == pytest.approx(1 / 3)


def test_a_map_of_negative_values_points_at_the_least_of_them():
    maps = np.full((1, 4, 4), -2.0)
    maps[0, 0, 1] = -1
    assert pointing(maps, corner())[0] == 1
    assert np.isnan(inside(maps, corner())[0])  # nothing speaks for the class


def test_inside_counts_only_what_is_positive():
    maps = np.full((1, 4, 4), -7.0)
    maps[0, 0, 0], maps[0, 3, 3] = 3, 1
    assert inside(maps, corner())[0] == pytest.approx(0.75)


def test_a_map_of_zeros_points_everywhere_and_attributes_nothing():
    zeros = np.zeros((1, 4, 4))
    assert pointing(zeros, corner())[0] == pytest.approx(0.25) == area(corner())[0]
    assert np.isnan(inside(zeros, corner())[0])


def test_each_image_is_measured_by_itself():
    maps = np.random.default_rng(0).normal(size=(9, 5, 5))
    masks = np.random.default_rng(1).random((9, 5, 5)) < 0.4
    for measure in LOCALISATION.values():
        alone = [measure.compute(maps[i : i + 1], masks[i : i + 1])[0] for i in range(9)]
        np.testing.assert_array_equal(measure.compute(maps, masks), alone)


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(InvalidSettingError, match="the same shape"):
        localisation(np.zeros((1, 4, 5)), corner())
    with pytest.raises(InvalidSettingError, match="yes or no"):
        localisation(np.zeros((1, 4, 4)), corner().astype(np.uint8))
    with pytest.raises(BrokenDataError, match="NaN"):
        localisation(np.full((1, 4, 4), np.nan), corner())
