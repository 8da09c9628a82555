"""The encoders by name. A new one is a file of its own and one more entry here; listing them loads no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import InvalidSettingError
from core.interpretability.encoders.dreamsim import load_dreamsim, resolve_dreamsim
from core.interpretability.encoders.googlenet import load_googlenet, resolve_googlenet
from core.interpretability.encoders.squeezenet import load_squeezenet, resolve_squeezenet
from core.units.study import Encoding

if TYPE_CHECKING:
    from core.interpretability.encoders.encoder import Encoder
    from core.networks.network import Network


@dataclass(frozen=True)
class EncoderEntry:
    """An encoder as it is offered, and how it is checked and loaded."""

    name: str
    title: str
    note: str
    resolve: Callable[[Encoding], Encoding]
    load: Callable[[Encoding, Network, str], Encoder]
    needs_file: bool = False  # whether the user has to name its weights


ENCODERS: Mapping[str, EncoderEntry] = {
    entry.name: entry
    for entry in (
        EncoderEntry(
            "googlenet",
            "GoogLeNet features",
            "The 1,024 pooled features of the dense network itself. Always at hand, but the judge is kin to what it "
            "judges.",
            resolve_googlenet,
            load_googlenet,
        ),
        EncoderEntry(
            "dreamsim",
            "DreamSim",
            "Agrees best with people, and is what published scores use. An optional package; its weights are "
            "downloaded once.",
            resolve_dreamsim,
            load_dreamsim,
        ),
        EncoderEntry(
            "squeezenet",
            "SqueezeNet 1.1 features",
            "The 512 pooled features of an independent network, from a safetensors file with torchvision's key names.",
            resolve_squeezenet,
            load_squeezenet,
            needs_file=True,
        ),
    )
}


def find_encoder(name: str) -> EncoderEntry:
    """Return the encoder called `name`; InvalidSettingError if there is none."""
    if name not in ENCODERS:
        raise InvalidSettingError(f"there is no encoder {name!r}", ", ".join(ENCODERS), "choose one of these")
    return ENCODERS[name]


def resolved_encoding(encoding: Encoding) -> Encoding:
    """Return the encoding with what identifies its weights; InvalidSettingError, or the errors of the encoder's own."""
    return find_encoder(encoding.name).resolve(encoding)


def load_encoder(encoding: Encoding, network: Network, device: str) -> Encoder:
    """Return an encoder on a device; `network` is the dense one. Raises what `resolved_encoding` raises."""
    return find_encoder(encoding.name).load(encoding, network, device)
