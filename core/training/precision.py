"""Full or mixed precision, as the device can."""

from __future__ import annotations

import logging

import torch

from core.training.retraining import Retraining

_log = logging.getLogger(__name__)


def autocast(how: Retraining, device: torch.device) -> torch.autocast:
    """Return the context in which forward passes run."""
    return torch.autocast(device.type, _half(device), enabled=how.precision == "mixed")


def scaler(how: Retraining, device: torch.device) -> torch.amp.GradScaler:
    """Return what keeps small gradients from vanishing in float16; bfloat16 and float32 need none."""
    needed = how.precision == "mixed" and _half(device) == torch.float16
    return torch.amp.GradScaler(device.type, enabled=needed)


def warn_if_slow(how: Retraining, device: torch.device) -> None:
    """Log that mixed precision is slower than full precision on a CPU."""
    if how.precision == "mixed" and device.type == "cpu":
        _log.warning("mixed precision is several times slower than float32 on this CPU: it is made for GPUs")


def _half(device: torch.device) -> torch.dtype:
    wide = device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if wide else torch.float16
