"""Where units are looked at: the output channels of which layers. No torch."""

from __future__ import annotations

from collections.abc import Mapping

from core.layer_names import HEAD, INCEPTION_CONVS, LAYERS

BLOCKS: tuple[str, ...] = tuple(dict.fromkeys(name.partition(".")[0] for name in INCEPTION_CONVS))

# What is measured -> the places, in the order of the network. A unit is one output channel of such a place.
PLACES: Mapping[str, tuple[str, ...]] = {"layers": LAYERS, "blocks": BLOCKS}
PLACES_IN_WORDS: Mapping[str, str] = {
    "layers": "every convolution before its ReLU, and the class logits",
    "blocks": "the outputs of the nine inception blocks, after their ReLUs",
}


def block_of(place: str) -> str:
    """Return the part of the network that a place belongs to: "conv1", "inception3a", "fc"."""
    return place.partition(".")[0] or HEAD


def unit_name(place: str, unit: int) -> str:
    """Return the name of a unit: "inception4c.branch1.conv 17"."""
    return f"{place} {unit}"
