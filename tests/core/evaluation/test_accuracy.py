from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.accuracy import FALSE_DISCOVERIES, against_dense, changed, per_class, same_images
from core.evaluation.statistics import paired_difference
from tests.core.evaluation.making import predictions

CLASSES = ("square", "disc", "star", "bar")
rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60)


def pair(rows):
    labels, dense, pruned = (list(column) for column in zip(*rows, strict=True))
    return predictions(pruned, labels), predictions(dense, labels)


@given(rows)
def test_each_class_has_the_paired_difference_of_its_own_images(rows):
    pruned, dense = pair(rows)
    table = per_class(pruned, dense, CLASSES)
    assert sorted(table["label"]) == sorted({row[0] for row in rows})
    for one in table.itertuples():
        mine = [row for row in rows if row[0] == one.label]
        knew = [[row[network] == one.label for row in mine] for network in (1, 2)]
        expected = paired_difference(*(np.array(each) for each in knew))
        assert (one.change, one.change_low, one.change_high, one.mcnemar_p) == pytest.approx(
            (expected.value, expected.low, expected.high, expected.p)
        )
        assert one.change == pytest.approx(one.pruned - one.dense)
        assert (one.name, one.images) == (CLASSES[one.label], len(mine))


@given(rows)
def test_the_classes_together_are_the_whole(rows):
    pruned, dense = pair(rows)
    table = per_class(pruned, dense, CLASSES)
    assert table["images"].sum() == len(rows)
    assert np.average(table["change"], weights=table["images"]) == pytest.approx(against_dense(pruned, dense)["change"])
    assert table["change"].is_monotonic_increasing


@given(rows)
def test_p_is_adjusted_for_the_number_of_classes_as_benjamini_and_hochberg_do(rows):
    """The i-th smallest of m p-values becomes min over j >= i of p_j m / j, at most 1."""
    table = per_class(*pair(rows), CLASSES).sort_values("mcnemar_p")
    raw, m = table["mcnemar_p"].to_numpy(), len(table)
    stepped = [min(raw[j] * m / (j + 1) for j in range(i, m)) for i in range(m)]
    assert table["adjusted_p"].tolist() == pytest.approx(np.minimum(stepped, 1))
    assert (table["adjusted_p"] >= raw - 1e-12).all()


def test_chance_alone_seldom_names_a_class_and_a_real_loss_is_named():
    labels = np.arange(4000) % 4
    random = np.random.default_rng(0)
    known = random.random(4000) < 0.8
    again = np.where(random.random(4000) < 0.1, random.random(4000) < 0.8, known)  # as good, other images
    forgot = again & (labels != 2)
    dense, same, worse = (np.where(right, labels, (labels + 1) % 4) for right in (known, again, forgot))
    assert not changed(per_class(predictions(same, labels), predictions(dense, labels), CLASSES)).any()
    table = per_class(predictions(worse, labels), predictions(dense, labels), CLASSES)
    assert table.loc[changed(table), "name"].tolist() == ["star"]
    assert 0 < FALSE_DISCOVERIES < 1


def test_one_class_one_image_and_none():
    one = per_class(predictions([1], 0), predictions([0], 0), CLASSES)
    assert one[["images", "dense", "pruned", "change", "mcnemar_p", "adjusted_p"]].iloc[0].tolist() == [
        1,
        1,
        0,
        -1,
        1,
        1,
    ]
    none = predictions([])
    assert per_class(none, predictions([0]), CLASSES).empty
    assert against_dense(none, none) == {}


@given(st.lists(st.integers(0, 9), min_size=1, max_size=4))
def test_only_images_that_all_have_seen_are_compared(lengths):
    found = same_images(*(predictions([0] * length) for length in lengths))
    assert {len(one) for one in found} == {min(lengths)}
    assert all((one["image"] == np.arange(min(lengths))).all() for one in found)
