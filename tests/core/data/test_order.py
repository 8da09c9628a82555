from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.data.order import another, stratified_order

labels = st.lists(st.integers(0, 7), max_size=60)
seeds = st.integers(-(2**70), 2**70)


@given(labels, seeds)
def test_each_image_comes_once(labels, seed):
    order = stratified_order(labels, seed)
    assert order.dtype == np.int64
    assert sorted(order.tolist()) == list(range(len(labels)))


@given(labels, seeds)
def test_every_prefix_is_balanced_to_one_image_as_long_as_a_class_lasts(labels, seed):
    sizes = np.bincount(labels, minlength=8)
    taken = np.zeros(8, dtype=int)
    for image in stratified_order(labels, seed):
        taken[labels[image]] += 1
        assert np.all((taken >= taken.max() - 1) | (taken == sizes))


@given(labels, seeds)
def test_the_same_seed_gives_the_same_order(labels, seed):
    assert np.array_equal(stratified_order(labels, seed), stratified_order(np.array(labels), seed))


def test_the_order_is_the_same_on_every_machine():
    assert stratified_order([0, 1, 2] * 4).tolist() == [11, 9, 7, 10, 5, 0, 8, 1, 3, 6, 4, 2]


def test_seeds_differ():
    orders = {tuple(stratified_order(np.arange(50) % 5, seed)) for seed in range(20)}
    assert len(orders) == 20


def test_images_of_a_class_are_equally_likely_to_come_first():
    orders = [stratified_order(np.arange(40) % 4, seed) for seed in range(4000)]
    first = [order[order % 4 == 0][0] for order in orders]
    counts = np.bincount(first, minlength=40)[::4]
    assert abs(counts - 400).max() < 5 * 400**0.5


def test_classes_are_equally_likely_to_come_first_and_shuffled_anew_each_round():
    orders = np.array([stratified_order(np.arange(20) % 4, seed) % 4 for seed in range(4000)]).reshape(4000, 5, 4)
    for turn in range(5):
        assert abs(np.bincount(orders[:, turn, 0], minlength=4) - 1000).max() < 5 * 1000**0.5
    repeats = np.mean(np.all(orders[:, 0] == orders[:, 1], axis=1))
    assert abs(repeats - 1 / 24) < 0.02


def test_fifty_thousand_images_are_ordered_by_class_in_rounds():
    labels = np.repeat(np.arange(1000), 50)
    rounds = labels[stratified_order(labels)].reshape(50, 1000)
    assert np.array_equal(np.sort(rounds, axis=1), np.tile(np.arange(1000), (50, 1)))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(0, 29))
def test_another_image_is_of_another_class_if_there_is_one(labels, place):
    place %= len(labels)
    found = another(labels, place)
    assert (found is None) == (len(set(labels)) == 1)
    assert found is None or labels[found] != labels[place]
