from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.interpretability.units.keys import LEAST, MOST, keys, places_of, salts, values_of

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


def key(values, places=None, seed=0):
    row = torch.tensor([values], dtype=torch.float32)
    return keys(row, torch.arange(row.shape[1]) if places is None else torch.tensor(places), salts(seed, 1))


@given(st.lists(FINITE, min_size=2, max_size=50))
def test_keys_are_ordered_as_the_activations_are(values):
    found, exact = key(values)[0], torch.tensor(values, dtype=torch.float32)
    smaller, larger = exact[:, None] < exact[None], exact[:, None] > exact[None]
    assert (found[:, None] < found[None])[smaller].all()
    assert (found[:, None] > found[None])[larger].all()
    assert ((found > LEAST) & (found < MOST)).all()


@given(st.lists(FINITE, min_size=1, max_size=50), st.integers(0, 2**31 - 51), st.integers())
def test_activation_and_image_are_read_back(values, first, seed):
    places = list(range(first, first + len(values)))
    found = key(values, places, seed)
    assert values_of(found)[0].tolist() == torch.tensor(values, dtype=torch.float32).tolist()
    assert places_of(found, salts(seed, 1))[0].tolist() == places


def test_both_zeros_tie():
    assert key([0.0], [7]) == key([-0.0], [7])


def test_images_never_tie():
    for unit in keys(torch.zeros(3, 1).expand(3, 200_000), torch.arange(200_000), salts(0, 3)):
        assert len(unit.unique()) == 200_000


def test_ties_are_broken_at_random_anew_for_each_unit_and_seed():
    n, units = 4000, 40
    ranks = keys(torch.zeros(units, n), torch.arange(n), salts(0, units)).argsort(1).argsort(1).double()
    between = np.corrcoef(np.vstack([ranks.numpy(), np.arange(n)]))
    assert abs(between - np.eye(units + 1)).max() < 5 / np.sqrt(n)
    assert len(ranks.argmax(1).unique()) > units / 2
    assert (key([0.0] * 9) != key([0.0] * 9, seed=1)).all()


def test_a_unit_keeps_its_noise_however_many_there_are():
    assert salts(3, 10).tolist() == salts(3, 100)[:10].tolist()
