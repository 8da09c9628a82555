"""GoogLeNet's layers by name, for all who speak of them without loading torch: settings, the store, the pages."""

from __future__ import annotations

STEM: tuple[str, ...] = ("conv1.conv", "conv2.conv", "conv3.conv")
HEAD = "fc"

_BLOCKS = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
_BRANCHES = ("branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1")

INCEPTION_CONVS: tuple[str, ...] = tuple(f"inception{block}.{branch}.conv" for block in _BLOCKS for branch in _BRANCHES)
CONVS: tuple[str, ...] = STEM + INCEPTION_CONVS
LAYERS: tuple[str, ...] = (*CONVS, HEAD)


def prunable_names(*, stem: bool = False, fc: bool = False) -> tuple[str, ...]:
    """Return the prunable layers in the order of the network: 54 inception convs, the stem and fc on request."""
    return (*(STEM if stem else ()), *INCEPTION_CONVS, *((HEAD,) if fc else ()))
