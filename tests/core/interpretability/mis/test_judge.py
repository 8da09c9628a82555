from __future__ import annotations

import numpy as np
import pytest
import torch

from core.interpretability.mis.judge import certainty, differences, right, similarities
from tests.core.interpretability.mis.planted import random_embeddings


@pytest.fixture(scope="module")
def tasks():
    """Embeddings, and of 50 random tasks the rows of both sides: two (50, 6)."""
    rng = np.random.default_rng(4)
    rows = torch.from_numpy(np.stack([rng.permutation(100)[:12] for _ in range(50)]))
    return torch.from_numpy(random_embeddings(100)), rows[:, :6], rows[:, 6:]


def test_similarity_is_the_mean_cosine_to_the_explanations_of_a_side(tasks):
    known, positive, negative = tasks
    found = similarities(known, positive, negative)
    for query, own in enumerate((positive, negative)):
        for side, others in enumerate((positive, negative)):
            cosines = torch.cosine_similarity(known[own[:, :1]].double(), known[others[:, 1:]].double(), dim=-1)
            torch.testing.assert_close(found[:, query, side].double(), cosines.mean(-1), atol=1e-6, rtol=0)


def test_a_task_and_its_mirror_image_are_decided_alike(tasks):
    known, positive, negative = tasks
    one = differences(similarities(known, positive, negative))
    torch.testing.assert_close(differences(similarities(known, negative, positive)), one, atol=1e-6, rtol=0)


def test_exchanged_queries_turn_the_decision_around(tasks):
    known, positive, negative = tasks
    crossed = [torch.cat([b[:, :1], a[:, 1:]], 1) for a, b in ((positive, negative), (negative, positive))]
    one, other = (differences(similarities(known, *pair)) for pair in ((positive, negative), crossed))
    torch.testing.assert_close(other, -one, atol=1e-6, rtol=0)
    torch.testing.assert_close(certainty(one, 0.16) + certainty(other, 0.16), torch.ones(50))


def test_differences_lie_within_four_and_reach_it():
    ends = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    best = differences(similarities(ends, torch.tensor([[0, 0, 0]]), torch.tensor([[1, 1, 1]])))
    assert best.tolist() == [4.0]


def test_a_tie_is_half_right_and_sure_of_nothing():
    assert right(torch.tensor([-0.1, 0.0, 1e-9])).tolist() == [0.0, 0.5, 1.0]
    assert certainty(torch.zeros(1), 0.16).tolist() == [0.5]
