"""What training makes small."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div

from core.training.retraining import Retraining


def loss_sum(logits: Tensor, labels: Tensor, teacher: Tensor | None, how: Retraining) -> Tensor:
    """Return the loss of each image, summed: scalar.

    Cross entropy with label smoothing; with a teacher's logits (n, classes) mixed with distillation (Hinton et al.
    2015): (1 - a) CE + a T^2 KL(teacher || student), both softened by the temperature T.
    """
    if teacher is None:
        return _cross_entropy(logits, labels, how)
    learnt = how.distillation * distillation(logits, teacher, how.temperature)
    return learnt if how.distillation == 1 else (1 - how.distillation) * _cross_entropy(logits, labels, how) + learnt


def distillation(logits: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Return T^2 KL(teacher || student) of softened answers, summed over the images; the same scale for any T."""
    student, wanted = ((x.float() / temperature).log_softmax(1) for x in (logits, teacher))
    return temperature**2 * kl_div(student, wanted, reduction="sum", log_target=True)


def _cross_entropy(logits: Tensor, labels: Tensor, how: Retraining) -> Tensor:
    return cross_entropy(logits.float(), labels, label_smoothing=how.smoothing, reduction="sum")
