from __future__ import annotations

import numpy as np
import pytest
import torch

from core.interpretability.units.keys import keys, salts
from core.interpretability.units.tally import SAMPLE, Seen, absorb, activity_of, empty_tally

UNITS, IMAGES, KEEP, CLASSES = 1100, 300, 40, 6
PLACES = torch.from_numpy(np.random.default_rng(1).permutation(5000)[:IMAGES])
LABELS = torch.from_numpy(np.random.default_rng(2).integers(0, CLASSES - 1, IMAGES))


@pytest.fixture(scope="module")
def values():
    """Activations of which many tie, some are -0.0, some units are constant, one is large beside its spread."""
    rng = np.random.default_rng(0)
    found = rng.normal(size=(UNITS, IMAGES)) * 10.0 ** rng.integers(-6, 6, (UNITS, 1))
    found[:300] = np.round(rng.normal(size=(300, IMAGES)))
    found[300:320] = -0.0
    found[320] = 1e4 + rng.normal(size=IMAGES)
    return torch.from_numpy(found.astype(np.float32))


def tally_of(values, cuts=(IMAGES,), order=None):
    """Return the activity after the images came in parts that end at `cuts`."""
    order = torch.arange(IMAGES) if order is None else order
    tally, start = empty_tally(UNITS, KEEP, CLASSES), 0
    for stop in cuts:
        part = order[start:stop]
        zeros, positions = torch.full((UNITS,), stop - start), torch.full((UNITS,), 4 * (stop - start))
        seen = Seen(values[:, part], zeros, positions, PLACES[part], LABELS[part])
        absorb(tally, seen, salts(0, UNITS))
        start = stop
    return activity_of(tally, salts(0, UNITS), ("all",), (UNITS,))


@pytest.fixture(scope="module")
def activity(values):
    return tally_of(values)


def test_extremes_are_those_of_a_full_sort(values, activity):
    ranked = keys(values, PLACES, salts(0, UNITS)).numpy().argsort(1)
    places = PLACES.numpy()[ranked]
    exact = np.take_along_axis(values.numpy(), ranked, 1)
    assert (exact[:, 1:] >= exact[:, :-1]).all()
    assert (activity.bottom == places[:, :KEEP]).all()
    assert (activity.top == places[:, ::-1][:, :KEEP]).all()
    assert (activity.bottom_values == exact[:, :KEEP]).all()
    assert (activity.top_values == exact[:, ::-1][:, :KEEP]).all()


def test_no_image_is_at_both_ends(activity):
    assert all(not set(top) & set(bottom) for top, bottom in zip(activity.top, activity.bottom, strict=True))


def test_neither_the_parts_nor_the_order_of_the_images_matter(values, activity):
    shuffled = torch.from_numpy(np.random.default_rng(9).permutation(IMAGES))
    for other in (tally_of(values, (1, 30, 31, 270, IMAGES)), tally_of(values, (128, 256, IMAGES), shuffled)):
        for name in ("top", "bottom", "top_values", "bottom_values", "minimum", "maximum", "zeros"):
            assert (getattr(other, name) == getattr(activity, name)).all(), name
        np.testing.assert_allclose(other.mean, activity.mean, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(other.variance, activity.variance, rtol=1e-9)


def test_moments_are_numpys_in_float64(values, activity):
    exact = values.numpy().astype(np.float64)
    np.testing.assert_allclose(activity.mean, exact.mean(1), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(activity.variance, exact.var(1), rtol=1e-10)
    assert (activity.minimum == exact.min(1)).all()
    assert (activity.maximum == exact.max(1)).all()
    assert (activity.zeros == 0.25).all()


def test_constant_units_are_those_that_never_change(values, activity):
    assert np.flatnonzero(activity.constant).tolist() == list(range(300, 320))
    assert (activity.variance[activity.constant] == 0).all()


def test_the_sample_is_the_first_images(values, activity):
    assert (activity.sample == values[:, :SAMPLE].numpy()).all()
    assert (tally_of(values, (100, 200, IMAGES)).sample == activity.sample).all()


def test_class_means_are_numpys_and_nan_without_images(values, activity):
    exact, labels = values.numpy().astype(np.float64), LABELS.numpy()
    for label in range(CLASSES - 1):
        of_class = exact[:, labels == label]
        error = abs(activity.class_means[:, label] - of_class.mean(1))
        assert (error <= 1e-6 * abs(of_class).mean(1)).all()
    assert np.isnan(activity.class_means[:, CLASSES - 1]).all()
