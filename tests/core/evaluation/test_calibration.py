from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidSettingError
from core.evaluation.calibration import BINS, calibration_error, calibration_floor, overconfidence, reliability
from core.evaluation.statistics import wilson
from tests.core.evaluation.making import predictions

images = st.lists(st.tuples(st.booleans(), st.floats(0, 1, width=32)), min_size=1, max_size=60)
bins = st.integers(1, 20)


def network(rows):
    """A network that is right (class 0) or not, as sure as is said."""
    return predictions([0 if right else 1 for right, _ in rows], confidences=[sure for _, sure in rows])


@given(images, bins)
def test_the_error_is_between_the_overconfidence_and_one(rows, bins):
    found = network(rows)
    error = calibration_error(found, bins)
    assert abs(overconfidence(found)) - 1e-9 <= error <= 1
    assert calibration_error(found, 1) == pytest.approx(abs(overconfidence(found)))


@given(images, bins)
def test_finer_bins_that_part_the_old_ones_find_no_smaller_error(rows, bins):
    assert calibration_error(network(rows), 2 * bins) >= calibration_error(network(rows), bins) - 1e-9


@given(images, bins)
def test_the_diagram_holds_every_image_once_and_tells_the_error(rows, bins):
    found = network(rows)
    table = reliability(found, bins)
    assert table["images"].sum() == len(rows)
    full = table[table["images"] > 0]
    assert ((full["low"] - 1e-7 <= full["confidence"]) & (full["confidence"] <= full["high"] + 1e-7)).all()
    gaps = (full["accuracy"] - full["confidence"]).abs()
    assert (gaps * full["images"]).sum() / len(rows) == pytest.approx(calibration_error(found, bins))
    assert table.loc[table["images"] == 0, ["confidence", "accuracy", "accuracy_low"]].isna().all(axis=None)


def test_each_bin_has_wilsons_interval_and_its_upper_edge():
    table = reliability(network([(True, 0.5), (False, 0.5), (True, 0.25), (True, 1.0)]), 4)
    assert table["images"].tolist() == [1, 2, 0, 1]  # (0, .25], (.25, .5], (.5, .75], (.75, 1]
    half = wilson(1, 2)
    assert table.loc[1, ["accuracy_low", "accuracy_high"]].tolist() == [half.low, half.high]


def test_sure_and_right_is_calibrated_and_sure_and_wrong_is_not():
    assert calibration_error(network([(True, 1.0)] * 9)) == 0
    assert calibration_error(network([(False, 1.0)] * 9)) == 1
    assert calibration_error(network([(True, 0.75)] * 3 + [(False, 0.75)])) == pytest.approx(0)


def test_a_calibrated_network_scores_about_the_floor_which_falls_with_the_number_of_images():
    random = np.random.default_rng(1)
    sure = random.random(4000)
    found = network(list(zip(random.random(4000) < sure, sure, strict=True)))
    floors = [calibration_floor(found[:n]) for n in (60, 600, 4000)]
    assert calibration_error(found) == pytest.approx(floors[-1], abs=0.01)
    assert floors[0] > 2 * floors[1] > 4 * floors[2]
    assert calibration_floor(found, seed=3) == calibration_floor(found, seed=3)
    assert calibration_floor(network([(False, 1.0)] * 9)) == 0  # it never expects to be wrong


def test_without_images_or_bins():
    none = predictions([])
    assert reliability(none)["images"].tolist() == [0] * BINS
    assert np.isnan([calibration_error(none), calibration_floor(none), overconfidence(none)]).all()
    with pytest.raises(InvalidSettingError, match="0 bins"):
        reliability(none, 0)
