from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity

from core.errors import BrokenDataError, InvalidSettingError
from core.interpretability.measures.agreement import AGREEMENT, agreement, cosine, iou, spearman, ssim

sides = array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=12)
levels = st.integers(-8, 8).map(float)  # few values: many ties


def stacks(count):
    return sides.flatmap(lambda shape: st.tuples(*[arrays(np.float64, (2, *shape), elements=levels)] * count))


def noise(seed, shape=(3, 20, 24)):
    return np.random.default_rng(seed).normal(size=shape)


@settings(max_examples=40)
@given(stacks(1))
def test_equal_maps_agree_wholly_and_constant_ones_not_at_all(stack):
    constant = (stack[0] == stack[0][:, :1, :1]).all((1, 2))
    for name, score in agreement(stack[0], stack[0]).items():
        np.testing.assert_allclose(score, np.where(constant, np.nan, 1), atol=1e-12, err_msg=name)


@settings(max_examples=40)
@given(stacks(2))
def test_agreement_is_symmetric_and_within_its_bounds(pair):
    there, back = agreement(*pair), agreement(*pair[::-1])
    for name, measure in AGREEMENT.items():
        np.testing.assert_allclose(there[name], back[name], atol=1e-12)
        known = there[name][~np.isnan(there[name])]
        assert (known >= measure.lowest - 1e-12).all()
        assert (known <= measure.highest + 1e-12).all()


@settings(max_examples=40)
@given(stacks(2), st.integers(-300, 300))
def test_the_scale_of_a_map_does_not_matter(pair, power):
    one, other = pair
    expected, found = agreement(one, other), agreement(one * 2.0**power, other)
    for name in AGREEMENT:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-12)


@settings(max_examples=40)
@given(stacks(2), st.randoms(use_true_random=False))
def test_all_but_ssim_look_at_pixels_wherever_they_are(pair, random):
    places = list(range(pair[0][0].size))
    random.shuffle(places)
    moved = [maps.reshape(2, -1)[:, places].reshape(maps.shape) for maps in pair]
    for measure in (spearman, iou, cosine):
        np.testing.assert_allclose(measure(*moved), measure(*pair), atol=1e-12)


@pytest.mark.parametrize("measure", AGREEMENT)
def test_a_constant_map_agrees_with_nothing_and_warns_of_nothing(measure):
    maps = noise(0)
    for value in (0.0, 3.0):
        flat = maps.copy()
        flat[1] = value
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = AGREEMENT[measure].compute(flat, maps)
        assert np.isnan(found).tolist() == [False, True, False]


@pytest.mark.parametrize("shape", [(2, 1, 1), (0, 5, 5)])
def test_there_may_be_nothing_to_compare(shape):
    for scores in agreement(np.ones(shape), np.ones(shape)).values():
        assert scores.shape == shape[:1]
        assert np.isnan(scores).all()


def test_a_pair_s_score_does_not_hang_on_the_pairs_beside_it():
    one, other = noise(1, (40, 9, 9)), noise(2, (40, 9, 9))
    for measure in AGREEMENT.values():
        alone = [measure.compute(a[None], b[None])[0] for a, b in zip(one, other, strict=True)]
        np.testing.assert_array_equal(measure.compute(one, other), alone)


def test_unrelated_maps_score_what_chance_gives():
    found = {name: scores.mean() for name, scores in agreement(noise(3, (20, 64, 64)), noise(4, (20, 64, 64))).items()}
    assert found["iou"] == pytest.approx(0.1 / 1.9, abs=0.005)  # of two tenths a tenth of a tenth is shared
    assert max(abs(found[name]) for name in ("spearman", "ssim", "cosine")) < 0.02


# --- Spearman


@settings(max_examples=40)
@given(stacks(2))
def test_spearman_is_scipys(pair):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy warns of constant maps
        expected = [spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(*pair, strict=True)]
    np.testing.assert_allclose(spearman(*pair), expected, atol=1e-12)


@settings(max_examples=40)
@given(stacks(2))
def test_spearman_sees_only_the_order(pair):
    one, other = pair
    np.testing.assert_allclose(spearman(np.exp(one) + 3, other), spearman(one, other), atol=1e-12)
    np.testing.assert_allclose(spearman(-one, other), -spearman(one, other), atol=1e-12)


# --- SSIM


@pytest.mark.parametrize(("sign", "span"), [(1, 1.0), (0, 2.0)])
def test_ssim_is_that_of_the_maps_brought_to_one_scale(sign, span):
    one, other = noise(5), noise(6)
    if sign:
        one, other = np.abs(one), np.abs(other)
    expected = [
        structural_similarity(
            a / np.abs(a).max(), b / np.abs(b).max(), data_range=span, win_size=7, use_sample_covariance=False
        )
        for a, b in zip(one, other, strict=True)
    ]
    np.testing.assert_allclose(ssim(one, other), expected)


def test_ssim_in_one_window_is_the_formula():
    """Wang et al. 2004, equation 13, on maps as large as the window."""
    one, other = (np.abs(noise(seed, (1, 7, 7))) for seed in (7, 8))
    x, y = one / one.max(), other / other.max()
    c1, c2 = 0.01**2, 0.03**2
    covariance = ((x - x.mean()) * (y - y.mean())).mean()
    likeness = (2 * x.mean() * y.mean() + c1) / (x.mean() ** 2 + y.mean() ** 2 + c1)
    structure = (2 * covariance + c2) / (x.var() + y.var() + c2)
    assert ssim(one, other)[0] == pytest.approx(likeness * structure)


def test_ssim_sees_where_structure_lies():
    bar = np.zeros((1, 32, 32))
    bar[0, :, 4:8] = 1
    assert ssim(bar, np.roll(bar, 1, 2))[0] > ssim(bar, np.roll(bar, 16, 2))[0] + 0.1


# --- the strongest pixels


def ranked(order):
    return np.array(order, float).reshape(1, 2, 10)


def test_iou_counts_the_shared_pixels_of_the_top_tenth():
    first = ranked(range(20))  # the top two of twenty: places 18 and 19
    assert iou(first, ranked([*range(19), 30]))[0] == 1
    assert iou(first, ranked([50, *range(18), 60]))[0] == pytest.approx(1 / 3)
    assert iou(first, ranked(range(20, 0, -1)))[0] == 0


def test_pixels_that_tie_for_the_last_places_share_them():
    single = np.zeros((1, 10, 10))
    single[0, 0, 0] = 1  # one pixel above, 99 share nine places
    other = np.zeros((1, 10, 10))
    other[0, 9, 9] = 1
    share = 9 / 99
    assert iou(single, single)[0] == pytest.approx(1)
    assert iou(single, other)[0] == pytest.approx((100 * share) / (2 + 98 * share))


# --- cosine


@given(stacks(1))
def test_a_map_and_its_negative_are_opposite(stack):
    found = cosine(stack[0], -stack[0])
    np.testing.assert_allclose(found[~np.isnan(found)], -1)


def test_cosine_is_the_angle():
    one, other = np.array([[[3.0, 0.0]]]), np.array([[[2.0, 2.0], [0.0, 0.0]]])[:, :1]
    assert cosine(one, np.array([[[0.0, 5.0]]]))[0] == 0
    assert np.isnan(cosine(one, other)[0])  # a constant map
    assert cosine(np.array([[[1.0, 0.0, 0.0]]]), np.array([[[1.0, 1.0, 0.0]]]))[0] == pytest.approx(2**-0.5)


# --- what cannot be asked


def test_maps_must_be_as_large():
    with pytest.raises(InvalidSettingError, match="the same shape"):
        agreement(noise(0), noise(0, (3, 20, 23)))


@pytest.mark.parametrize("shape", [(4,), (4, 4), (1, 1, 4, 4), (2, 0, 5)])
def test_maps_come_in_stacks(shape):
    with pytest.raises(InvalidSettingError, match="stack of maps"):
        agreement(np.zeros(shape), np.zeros(shape))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_maps_that_are_not_finite_are_refused(value):
    broken = noise(0)
    broken[1, 2, 3] = value
    with pytest.raises(BrokenDataError, match=r"map 1 .*1 of 3"):
        agreement(noise(1), broken)
