"""From a network and packed images to what it says of each image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from core.data.pack import Pack
from core.errors import BrokenDataError
from core.evaluation.inference import folded_copy, forward
from core.networks.network import Network
from core.predictions import KEPT, PREDICTION, PRESENT, Predictions, Present


@dataclass(frozen=True)
class Predictor:
    """A network made ready for a device; `module` may be a pruned copy of `network.module`."""

    network: Network
    module: nn.Module
    device: torch.device

    @classmethod
    def of(cls, network: Network, module: nn.Module, device: torch.device) -> Predictor:
        """Fold `module` and move it to `device`."""
        return cls(network, folded_copy(module).to(device), device)

    def logits(self, pixels: np.ndarray) -> Tensor:
        """Return the logits (n, classes) of pixels (n, h, w, 3) uint8, on the device."""
        return forward(self.module, self.network.inputs(torch.from_numpy(pixels).to(self.device)))


def predict(predictor: Predictor, pack: Pack, places: np.ndarray) -> Predictions:
    """Return the predictions for the images at `places` of the pack, in that order."""
    logits = predictor.logits(pack.batch(places))
    return tabulate(logits, torch.from_numpy(pack.labels[places]).to(logits.device), places)


def tabulate(logits: Tensor, labels: Tensor, places: np.ndarray) -> Predictions:
    """Turn logits (n, classes) and labels (n,) int64 into predictions: loss in nats, the likeliest classes.

    BrokenDataError for logits that are not finite: whatever was counted right would be chance.
    """
    if not logits.isfinite().all():
        raise BrokenDataError(
            "the network's logits are not finite numbers",
            "finite weights and activations",
            "its weights hold NaN or overflow: load another network, or prune less",
        )
    kept = min(KEPT, logits.shape[1])
    probabilities, classes = logits.softmax(1).topk(kept)
    table = np.zeros(len(places), PREDICTION)
    table["image"], table["label"] = places, labels.cpu()
    table["classes"] = -1
    table["classes"][:, :kept] = classes.cpu()
    table["probabilities"][:, :kept] = probabilities.cpu()
    table["loss"] = nn.functional.cross_entropy(logits, labels, reduction="none").cpu()
    return table


def among(logits: Tensor, classes: np.ndarray) -> Present:
    """Return the likeliest class of those in `classes` (k,) by logits (n, all): what is said where no other may be."""
    wanted = torch.from_numpy(classes).to(logits.device)
    table = np.zeros(len(logits), PRESENT)
    table["class"] = wanted[logits[:, wanted].argmax(1)].cpu()
    return table
