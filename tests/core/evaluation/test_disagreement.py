from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidSettingError
from core.evaluation.accuracy import right
from core.evaluation.disagreement import KINDS, disagreements, side_by_side
from tests.core.evaluation.making import predictions

answers = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.floats(0, 9, width=32), st.floats(0, 9, width=32)), max_size=20
)


def pair(rows, missing=0):
    images = np.arange(len(rows))[::-1]
    dense, pruned = (
        predictions([row[i] for row in rows], losses=[row[i + 2] for row in rows], images=images) for i in (0, 1)
    )
    return pruned[: len(rows) - missing or None], dense


def test_lost_images_are_those_the_dense_network_knows_and_the_pruned_one_does_not():
    images = [40, 10, 30, 20]
    dense = predictions([0, 0, 1, 0], losses=[0.1, 0.2, 3.0, 0.1], images=images)
    pruned = predictions([1, 0, 0, 2], losses=[1.0, 0.9, 0.1, 5.0], images=images)
    assert disagreements(pruned, dense, "lost")["image"].tolist() == [20, 40]  # the losses rose by 4.9 and 0.9


@settings(max_examples=40)  # pandas is slow
@given(answers, st.integers(0, 5))
def test_only_images_that_both_have_seen_count_and_the_largest_change_comes_first(rows, missing):
    pruned, dense = pair(rows, missing)
    seen = set(side_by_side(pruned, dense)["image"])
    assert seen == set(pruned["image"]) & set(dense["image"])
    for name, kind in KINDS.items():
        found = disagreements(pruned, dense, name)
        assert set(found["image"]) <= seen
        assert (kind.sign * found["loss_change"]).is_monotonic_decreasing


@settings(max_examples=40)  # pandas is slow
@given(answers)
def test_every_image_of_which_both_say_different_things_is_of_one_kind(rows):
    pruned, dense = pair(rows)
    found = {kind: disagreements(pruned, dense, kind) for kind in KINDS}
    assert sum(map(len, found.values())) == (dense["classes"][:, 0] != pruned["classes"][:, 0]).sum()
    assert len(found["lost"]) - len(found["gained"]) == right(dense).sum() - right(pruned).sum()
    assert (found["differently"][["dense", "pruned"]] != 0).all(axis=None)  # the label is 0 throughout


@settings(max_examples=40)  # pandas is slow
@given(answers)
def test_what_one_lost_the_other_gained(rows):
    pruned, dense = pair(rows)
    assert (
        disagreements(pruned, dense, "lost")["image"].tolist()
        == disagreements(dense, pruned, "gained")["image"].tolist()
    )
    assert all(disagreements(dense, dense, kind).empty for kind in KINDS)


def test_a_row_says_what_each_is_how_sure_of():
    dense = predictions([0], labels=0, losses=[0.5], confidences=[0.75], images=[7])
    pruned = predictions([2], labels=0, losses=[2.0], confidences=[0.5], images=[7])
    (row,) = side_by_side(pruned, dense).to_dict("records")
    assert row == {
        "image": 7, "label": 0, "dense": 0, "dense_probability": 0.75, "pruned": 2, "pruned_probability": 0.5,
        "loss_change": 1.5, "kind": "lost",
    }  # fmt: skip


def test_an_unknown_kind_is_refused():
    with pytest.raises(InvalidSettingError, match="lost, gained, differently"):
        disagreements(predictions([0]), predictions([0]), "forgotten")
