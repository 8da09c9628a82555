"""The judge of a task: does the query that activates the unit resemble the strong explanations more than the other?

With s(q, E) the mean cosine similarity of a query to the K images of a side, D+ = s(q+, E+) - s(q+, E-) and
D- = s(q-, E+) - s(q-, E-), it decides rightly if D+ > D-, and says so with probability sigmoid((D+ - D-) / alpha)
(Zimmermann, Klindt & Brendel 2024, arXiv 2410.14057). Of rows of unit length the mean cosine similarity to a set is
the product with the set's mean, so that no similarity of two images is ever computed.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag


def similarities(embeddings: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """Return the mean cosine similarity of both queries to both sides: (..., 2, 2), [q+, q-] by [E+, E-].

    `embeddings` (n, d) of unit length; `positive` and `negative` (..., K + 1) rows of it, the query first.
    """
    sides = torch.stack([positive, negative], -2)  # (..., 2, K + 1)
    means = _means(embeddings, sides[..., 1:])
    queries = embeddings[sides[..., 0]]
    return torch.stack([(queries * means[..., side : side + 1, :]).sum(-1) for side in (0, 1)], -1)


def _means(embeddings: Tensor, rows: Tensor) -> Tensor:
    means: Tensor = embedding_bag(rows.reshape(-1, rows.shape[-1]), embeddings, mode="mean")
    return means.view(*rows.shape[:-1], embeddings.shape[1])


def differences(similar: Tensor) -> Tensor:
    """Return D+ - D- of similarities (..., 2, 2): within -4..4, above 0 where the task is decided rightly."""
    decided = similar[..., 0] - similar[..., 1]
    return decided[..., 0] - decided[..., 1]


def certainty(difference: Tensor, alpha: float) -> Tensor:
    """Return the probability with which tasks are decided rightly."""
    return torch.sigmoid(difference / alpha)


def right(difference: Tensor) -> Tensor:
    """Return 1 where tasks are decided rightly, 0 where wrongly, 1/2 where both answers are as good."""
    return (difference.sign() + 1) / 2
