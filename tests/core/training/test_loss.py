from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from core.training.loss import distillation, loss_sum
from core.training.retraining import Retraining


@pytest.fixture
def answers():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(6, 5, generator=generator), torch.randn(6, 5, generator=generator), torch.arange(6) % 5


def test_without_a_teacher_it_is_cross_entropy(answers):
    logits, _, labels = answers
    plain = loss_sum(logits, labels, None, Retraining())
    assert plain.item() == pytest.approx(6 * cross_entropy(logits, labels).item())
    smoothed = loss_sum(logits, labels, None, Retraining(smoothing=0.1)).item()
    uniform = -logits.log_softmax(1).mean(1).sum().item()
    assert smoothed == pytest.approx(0.9 * plain.item() + 0.1 * uniform)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_distillation_is_the_divergence_of_the_softened_answers(answers, temperature):
    logits, teacher, _ = answers
    p, q = ((x / temperature).softmax(1) for x in (teacher, logits))
    expected = temperature**2 * (p * (p / q).log()).sum()
    assert distillation(logits, teacher, temperature).item() == pytest.approx(expected.item(), rel=1e-5)
    assert distillation(teacher, teacher, temperature).item() == pytest.approx(0, abs=1e-5)


def test_with_weight_1_the_labels_are_ignored_and_in_between_both_count(answers):
    logits, teacher, labels = answers
    only = Retraining(distillation=1.0)
    assert loss_sum(logits, labels, teacher, only) == loss_sum(logits, labels.flip(0), teacher, only)
    mixed = loss_sum(logits, labels, teacher, Retraining(distillation=0.25))
    plain, learnt = loss_sum(logits, labels, None, Retraining()), distillation(logits, teacher, 4.0)
    assert mixed.item() == pytest.approx((0.75 * plain + 0.25 * learnt).item())


def test_a_high_temperature_matches_logits(answers):
    """Hinton et al. 2015, eq. 4: the gradient tends to (z - v) / n of zero-mean logits."""
    logits, teacher, _ = ((x - x.mean(1, keepdim=True)).double() if x.is_floating_point() else x for x in answers)
    logits.requires_grad_(True)
    distillation_double = 1e3**2 * torch.nn.functional.kl_div(
        (logits / 1e3).log_softmax(1), (teacher / 1e3).log_softmax(1), reduction="sum", log_target=True
    )
    (gradient,) = torch.autograd.grad(distillation_double, logits)
    assert torch.allclose(gradient, (logits - teacher) / 5, atol=1e-3)
