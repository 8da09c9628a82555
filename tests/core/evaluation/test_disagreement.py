from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.disagreement import lost
from core.predictions import PREDICTION


def predictions(answers, losses, images):
    table = np.zeros(len(answers), PREDICTION)
    table["classes"] = -1
    table["classes"][:, 0] = answers
    table["loss"], table["image"] = losses, images
    return table  # the label is 0 throughout


def test_lost_images_are_those_the_dense_network_knows_and_the_pruned_one_does_not():
    images = [40, 10, 30, 20]
    dense = predictions([0, 0, 1, 0], [0.1, 0.2, 3.0, 0.1], images)
    pruned = predictions([1, 0, 0, 2], [1.0, 0.9, 0.1, 5.0], images)
    assert lost(pruned, dense).tolist() == [20, 40]  # the loss of 20 rose by 4.9, that of 40 by 0.9


answers = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.floats(0, 9), st.floats(0, 9)), max_size=20)


@given(answers, st.integers(0, 5))
def test_only_images_that_both_have_seen_count_and_the_largest_rise_comes_first(rows, missing):
    images = np.arange(len(rows))[::-1]
    dense = predictions([row[0] for row in rows], [row[2] for row in rows], images)
    pruned = predictions([row[1] for row in rows], [row[3] for row in rows], images)[: len(rows) - missing or None]
    rise = {int(image): float(p["loss"] - d["loss"]) for image, p, d in zip(images, pruned, dense, strict=False)}
    found = lost(pruned, dense).tolist()
    assert all(image in rise for image in found)
    assert [rise[image] for image in found] == sorted((rise[image] for image in found), reverse=True)
    assert lost(dense, dense).size == 0
