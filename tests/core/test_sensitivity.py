from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.errors import InvalidSettingError
from core.evaluation.statistics import paired_difference
from core.layer_names import INCEPTION_CONVS, LAYERS
from core.pruning.settings import Pruning
from core.sensitivity import (
    PART,
    POINT,
    RATES,
    Scan,
    applied,
    chosen_rates,
    scaled,
    scan_from_json,
    scan_to_json,
    sensitivity_table,
    share,
)

TWO = Scan(Pruning(exclude=LAYERS[3:-3]), (0.2, 0.5, 0.8), 100)  # the last two inception convs


def table(drops, width=0.01):
    """A table of one layer a list of drops; the interval of each reaches `width` further."""
    rows = [
        {"layer": name, "rate": rate, "change": -drop, "change_low": -drop - width}
        for name, line in drops.items()
        for rate, drop in zip((0.1, 0.2, 0.4, 0.8), line, strict=False)
    ]
    return pd.DataFrame(rows)


def test_a_scan_has_the_prunable_layers_and_the_techniques_rates():
    scan = Scan(Pruning("structured", rate=0.3, scope="global"))
    assert scan.layers == INCEPTION_CONVS
    assert scan.rates == RATES["structured"]
    assert scan.points == 54 * len(scan.rates)
    assert Scan(Pruning(stem=True, fc=True)).layers == LAYERS


def test_each_point_prunes_one_layer_alone():
    pruning = Scan(Pruning("connection", "l2", rate=0.7)).pruning("inception4c.branch1.conv", 0.3)
    assert {name for name, rate in pruning.rates.items() if rate} == {"inception4c.branch1.conv"}
    assert pruning.rates["inception4c.branch1.conv"] == 0.3
    assert (pruning.technique, pruning.criterion) == ("connection", "l2")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Scan(Pruning(rate=0.3)), Scan(Pruning(rate=0.8, scope="global", seed=4)), True),
        (Scan(Pruning(criterion="l2")), Scan(Pruning(criterion="l1")), True),  # a group is a single weight
        (Scan(Pruning("structured", "l2")), Scan(Pruning("structured", "l1")), False),
        (Scan(Pruning("structured")), Scan(Pruning("structured", form="published")), False),
        (Scan(Pruning(criterion="random")), Scan(Pruning(criterion="random", seed=4)), False),
        (Scan(), Scan(rates=(0.2,)), False),
        (Scan(), Scan(rates=RATES["unstructured"][::-1]), True),
        (Scan(), Scan(Pruning(stem=True)), False),
        (Scan(images=2 * PART), Scan(images=9 * PART), True),
        (Scan(images=2 * PART), Scan(images=2 * PART + 1), False),  # its last part is no beginning of a whole one
    ],
)
def test_scans_are_the_same_where_their_points_are(one, other, same):
    assert (one.id == other.id) is same


def test_a_scan_is_json_and_back():
    scan = Scan(Pruning("structured", "random", form="published", seed=3, stem=True), (0.3, 0.1), 77)
    assert scan_from_json(scan_to_json(scan)) == scan


@pytest.mark.parametrize("rates", [(0.0,), (0.2, 1.0), (-0.1,), (float("nan"),)])
def test_rates_that_remove_nothing_or_all_are_refused(rates):
    with pytest.raises(InvalidSettingError, match="above 0 and below 1"):
        Scan(rates=rates)


def test_no_images_and_no_layers_are_refused():
    with pytest.raises(InvalidSettingError):
        Scan(images=0)
    with pytest.raises(InvalidSettingError, match="every layer"):
        Scan(Pruning(exclude=LAYERS))


@pytest.mark.parametrize(("images", "available"), [(1, 999), (PART, 999), (PART + 1, 999), (999, 120), (200, 30)])
def test_the_parts_are_the_images_asked_for_each_once(images, available):
    parts = Scan(images=images).parts(available)
    places = [place for part in parts for place in range(part.start, part.stop)]
    assert places == list(range(min(images, available)))
    assert all(part.stop - part.start == PART for part in parts[:-1])


def test_work_goes_down_point_by_point_to_nothing():
    scan = Scan(Pruning(stem=True, fc=True), (0.2, 0.5), 2 * PART + 7)
    total = len(scan.parts(999)) * scan.points
    left = [scan.passes(999, done) for done in range(total + 1)]
    assert left[0] == pytest.approx((2 * PART + 7) * 2 * sum(share(name) for name in LAYERS))
    assert left == sorted(left, reverse=True)
    assert left[-1] == pytest.approx(0, abs=1e-6)
    assert left[scan.points] == pytest.approx((PART + 7) * 2 * sum(share(name) for name in LAYERS))


def test_the_table_is_the_paired_statistics_of_all_parts_together():
    rng = np.random.default_rng(0)
    dense = rng.random((2, 50)) < 0.9
    pruned = dense & (rng.random((2, 50)) < 0.8) | (rng.random((2, 50)) < 0.05)
    counts = [(50, p.sum(), (d & ~p).sum(), (~d & p).sum()) for d, p in zip(dense, pruned, strict=True)]
    points = np.array([(1, 2, *each) for each in counts], POINT)
    (row,) = sensitivity_table(points, TWO).to_dict("records")
    expected = paired_difference(dense.ravel(), pruned.ravel())
    assert (row["layer"], row["rate"], row["images"]) == (TWO.layers[1], 0.8, 100)
    assert (row["top1"], row["dense"]) == (pruned.mean(), dense.mean())
    assert (row["change"], row["change_low"], row["change_high"]) == (expected.value, expected.low, expected.high)
    assert row["mcnemar_p"] == expected.p


def test_a_table_of_nothing_has_its_columns():
    empty = sensitivity_table(np.zeros(0, POINT), TWO)
    assert empty.empty
    assert {"layer", "rate", "top1", "change"} <= set(empty)


def test_the_last_rate_that_holds_before_the_first_that_fails():
    drops = {
        "falls": [0.0, 0.01, 0.05, 0.5],
        "comes back": [0.0, 0.05, 0.0, 0.5],  # what comes after a failure is of no use
        "never": [0.05, 0.1, 0.2, 0.5],
        "always": [0.0, 0.0, 0.01, 0.02],
        "gains": [-0.05, -0.01, 0.03, 0.03],
    }
    assert dict(chosen_rates(table(drops), 0.02)) == {
        "falls": 0.2,
        "comes back": 0.1,
        "never": 0.0,
        "always": 0.8,
        "gains": 0.2,
    }


def test_the_limit_itself_holds_and_no_more():
    assert dict(chosen_rates(table({"layer": [0.1 + 0.2 - 0.28, 0.0201]}), 0.02)) == {"layer": 0.1}


def test_surely_asks_for_the_whole_interval():
    drops = table({"layer": [0.0, 0.011, 0.03]}, width=0.01)
    assert dict(chosen_rates(drops, 0.02)) == {"layer": 0.2}
    assert dict(chosen_rates(drops, 0.02, surely=True)) == {"layer": 0.1}


def test_scaled_rates_keep_their_proportions():
    assert scaled((("one", 0.4), ("two", 0.0), ("three", 0.7)), 0.25) == (("one", 0.1), ("two", 0.0), ("three", 0.175))
    assert scaled((("one", 0.4),), 1) == (("one", 0.4),)


@pytest.mark.parametrize("factor", [0, -1, 1.01])
def test_a_scale_that_removes_nothing_or_more_than_holds_is_refused(factor):
    with pytest.raises(InvalidSettingError, match="scale"):
        scaled((("one", 0.4),), factor)


@pytest.mark.parametrize("tolerance", [-0.01, 1.0, 2.0])
def test_a_tolerance_that_is_no_drop_is_refused(tolerance):
    with pytest.raises(InvalidSettingError, match="drop of"):
        chosen_rates(table({"layer": [0.0]}), tolerance)


def test_what_is_chosen_is_a_pruning_of_all_layers_together():
    pruning = applied(TWO, ((TWO.layers[0], 0.5), (TWO.layers[1], 0.0)))
    assert pruning.rates == {TWO.layers[0]: 0.5, TWO.layers[1]: 0.0}
