from __future__ import annotations

import math

import pytest

from core.unpruned import against_title, control_title, unpruned_network, unpruned_short, unpruned_title, zeros


@pytest.mark.parametrize(
    ("costs", "share"),
    [
        ({}, 0),
        ({"parameters": math.nan, "nonzero": math.nan}, 0),
        ({"parameters": 200}, 0),
        ({"parameters": 200, "nonzero": 200}, 0),
        ({"parameters": 200, "nonzero": 50}, 0.75),
        ({"parameters": 200, "nonzero": 0}, 1),
    ],
    ids=str,
)
def test_the_share_of_zeros(costs, share):
    assert zeros(costs) == share


@pytest.mark.parametrize(
    ("share", "title", "short"),
    [(0, "Dense", "dense"), (0.0013, "Dense", "dense"), (0.431, "As it came, 43 % zeros", "as it came")],
)
def test_a_network_with_more_zeros_than_come_by_accident_is_not_dense(share, title, short):
    assert (unpruned_title(share), unpruned_short(share)) == (title, short)


@pytest.mark.parametrize(
    ("share", "control", "against", "network"),
    [
        (0, "Dense control", "against dense", "dense network"),
        (0.431, "Control, 43 % zeros", "against the network as it came", "network as it came"),
    ],
)
def test_what_is_compared_with_it_does_not_call_it_dense(share, control, against, network):
    assert (control_title(share), against_title(share)) == (control, against)
    assert unpruned_network(share) == network
