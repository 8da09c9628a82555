"""The dense network's own pooled features: always at hand, and named so wherever a score rests on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.units.study import Encoding

if TYPE_CHECKING:
    from core.interpretability.encoders.encoder import Encoder
    from core.networks.network import Network


def resolve_googlenet(encoding: Encoding) -> Encoding:
    """Return the encoding without a file: it is known with the network."""
    return Encoding(encoding.name)


def load_googlenet(encoding: Encoding, network: Network, device: str) -> Encoder:
    """Return the encoder that gives the 1,024 numbers after the dense network's average pooling."""
    import torch
    from torch import nn

    from core.evaluation.inference import folded_copy, forward
    from core.interpretability.encoders.encoder import Encoder

    module = folded_copy(network.module)
    module.fc = nn.Identity()
    module.to(torch.device(device))
    return Encoder(encoding.name, network.sha256, device, lambda pixels: forward(module, network.inputs(pixels)))
