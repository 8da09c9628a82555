from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.accuracy import per_class
from core.evaluation.calibration import reliability
from core.evaluation.confusion import confusion_shifts
from core.evaluation.disagreement import disagreements
from core.evaluation.exemplars import NO_MODE, modes
from core.forgetting import (
    BY_CLASS,
    BY_CONFIDENCE,
    BY_LOSS,
    ORDERS,
    class_table,
    confusion_table,
    distinct,
    image_table,
    ordered,
    reliability_table,
)
from tests.core.evaluation.making import predictions

CLASSES = ("square", "disc", "star")
LABELS = [0, 1, 2, 0, 1]
DENSE = predictions(LABELS, LABELS, losses=0.5, confidences=[0.5, 0.9, 0.7, 0.6, 0.8])
PRUNED = predictions([1, 2, 0, 2, 1], LABELS, losses=[1.5, 2.5, 3.5, 4.5, 0.5], confidences=0.4)


def test_tables_for_the_eye_are_in_per_cent_and_name_the_classes():
    classes = class_table(per_class(PRUNED, DENSE, CLASSES)).set_index("class")
    assert classes.loc["disc", ["images", "dense %", "pruned %", "change"]].tolist() == [2, 100, 50, -50]
    shifts = confusion_table(confusion_shifts(PRUNED, DENSE, CLASSES))
    assert set(zip(shifts["true class"], shifts["taken for"], strict=True)) == {
        ("square", "disc"), ("square", "star"), ("disc", "star"), ("star", "square"),
    }  # fmt: skip
    bins = reliability_table(reliability(DENSE), reliability(PRUNED))
    assert bins.groupby("network")["images"].sum().to_dict() == {"dense": 5, "pruned": 5}
    assert bins.loc[bins["network"] == "pruned", "accuracy %"].tolist() == [pytest.approx(20)]


def test_images_are_named_with_what_both_say_of_them():
    table = image_table(disagreements(PRUNED, DENSE, "lost"), CLASSES, ["d", "c", "b", "a"])
    assert table.iloc[0].to_dict() == {
        "image": "d", "true class": "square", "dense": "square", "dense %": pytest.approx(60), "pruned": "star",
        "pruned %": pytest.approx(40), "change of loss": 4.0,
    }  # fmt: skip


def test_a_population_is_told_by_its_votes_and_a_tie_has_no_name():
    table = image_table(modes([PRUNED, DENSE], DENSE), CLASSES, list("abcde"))
    assert table["networks"].tolist() == [1, 1, 1, 1, 2]
    assert table["pruned"].tolist() == ["no mode"] * 4 + ["disc"]
    assert NO_MODE < 0


def test_orders_sort_and_keep_the_rank_where_they_do_not_tell():
    found = disagreements(PRUNED, DENSE, "lost")
    assert ordered(found, BY_LOSS)["image"].tolist() == found["image"].tolist() == [3, 2, 1, 0]
    assert ordered(found, BY_CLASS)["image"].tolist() == [3, 0, 1, 2]
    assert ordered(found, BY_CONFIDENCE)["image"].tolist() == [1, 2, 3, 0]
    assert all(len(ordered(found.iloc[:0], order)) == 0 for order in ORDERS)


def test_names_that_occur_twice_get_their_index():
    assert distinct(("crane", "dog", "crane")) == ["crane (0)", "dog", "crane (2)"]
    assert len(set(distinct(["a"] * 5))) == 5
    assert np.array_equal(distinct(CLASSES), CLASSES)
