"""The order in which images are measured: the same for every network, and balanced over the classes at any point."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))


def stratified_order(labels: ArrayLike, seed: int = 0) -> NDArray[np.int64]:
    """Return a permutation of the images of which every prefix is balanced over the classes.

    Round r takes the r-th image of each class that has so many, in an order of classes shuffled anew for the round;
    so the classes that last differ by at most one image in any prefix. `labels` is (n,), the result (n,).
    Shuffled by SplitMix64 (Steele, Lea & Flood 2014) rather than by NumPy, whose shuffles may change with its version.
    """
    classes = np.asarray(labels, dtype=np.int64)
    rounds = _rank_in_class(classes, _noise(np.arange(len(classes)), seed))
    turn = _noise(rounds * (classes.max(initial=0) + 1) + classes, seed + 1)
    return np.lexsort((classes, turn, rounds)).astype(np.int64)


def another(labels: ArrayLike, place: int) -> int | None:
    """Return the place of the image that follows in the order and is of another class; None if all are of one class."""
    classes, order = np.asarray(labels, dtype=np.int64), stratified_order(labels)
    at = int(np.flatnonzero(order == place)[0])
    following = np.roll(order, -at)
    other = following[classes[following] != classes[place]]
    return int(other[0]) if len(other) else None


def _rank_in_class(classes: NDArray[np.int64], noise: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return for each image how many of its class come before it when sorted by noise: (n,)."""
    by_class = np.lexsort((noise, classes))
    _, starts, sizes = np.unique(classes[by_class], return_index=True, return_counts=True)
    ranks = np.empty(len(classes), dtype=np.int64)
    ranks[by_class] = np.arange(len(classes)) - np.repeat(starts, sizes)
    return ranks


def _noise(numbers: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """Return one hashed 64-bit number for each number: SplitMix64's output function, twice for the seed's sake."""
    start = _mixed(np.array([seed % 2**64], dtype=np.uint64))
    return _mixed(start + numbers.astype(np.uint64) * _GOLDEN)


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = state + _GOLDEN
    mixed = (mixed ^ (mixed >> _SHIFTS[0])) * _FACTORS[0]
    mixed = (mixed ^ (mixed >> _SHIFTS[1])) * _FACTORS[1]
    return mixed ^ (mixed >> _SHIFTS[2])
