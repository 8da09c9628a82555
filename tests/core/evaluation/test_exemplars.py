from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidSettingError
from core.evaluation.exemplars import NO_MODE, exemplars, modal_labels, modes
from tests.core.evaluation.making import predictions

LABELS = st.integers(0, 3)
populations = st.integers(0, 8).flatmap(
    lambda images: st.lists(st.lists(LABELS, min_size=images, max_size=images), min_size=1, max_size=7)
)


def population(said):
    return [predictions(one, losses=np.arange(len(one)) + place) for place, one in enumerate(said)]


@given(populations)
def test_the_modal_label_is_what_most_say_and_a_tie_has_none(said):
    labels, votes = modal_labels(population(said))
    for image, (label, most) in enumerate(zip(labels, votes, strict=True)):
        (first, times), *others = Counter(one[image] for one in said).most_common()
        tied = any(count == times for _, count in others)
        assert most == times
        assert label == (NO_MODE if tied else first)


@given(populations, st.randoms())
def test_the_order_of_the_networks_does_not_matter(said, random):
    shuffled = random.sample(said, len(said))
    for one, other in zip(modal_labels(population(said)), modal_labels(population(shuffled)), strict=True):
        assert one.tolist() == other.tolist()


@given(st.lists(LABELS, max_size=9), st.integers(2, 5))
def test_of_one_network_or_of_equal_ones_it_is_what_they_say_themselves(said, times):
    assert modal_labels(population([said]))[0].tolist() == said
    assert modal_labels(population([said] * times))[0].tolist() == said
    assert exemplars(modes(population([said] * times), predictions(said))).empty


def test_exemplars_are_the_images_of_which_the_population_says_something_else():
    dense = predictions([0, 0, 0, 0], losses=[1.0, 1.0, 1.0, 1.0], images=[5, 6, 7, 8])
    pruned = [
        predictions(said, losses=losses, images=[5, 6, 7, 8])
        for said, losses in (([1, 1, 0, 2], [2, 9, 0, 3]), ([1, 1, 0, 1], [4, 9, 0, 3]), ([0, 1, 1, 0], [0, 9, 0, 3]))
    ]
    found = exemplars(modes(pruned, dense))
    assert found["image"].tolist() == [6, 5]  # 7 keeps its label, 8 has no modal label
    assert found["votes"].tolist() == [3, 2]
    assert found["loss_change"].tolist() == [8.0, 1.0]
    assert modes(pruned, dense)["pruned"].tolist() == [1, 1, 0, NO_MODE]


def test_only_images_that_all_have_seen_are_told():
    assert len(modes([predictions([0] * 5), predictions([0] * 3)], predictions([0] * 4))) == 3


def test_a_single_pair_is_no_population():
    with pytest.raises(InvalidSettingError, match="two or more pruned networks"):
        modes([predictions([0])], predictions([1]))
    with pytest.raises(InvalidSettingError, match="no networks"):
        modal_labels([])
