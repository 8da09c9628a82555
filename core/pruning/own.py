"""What was removed from a network in all: before it came, and here.

The zeros with which a network pruned elsewhere came are a mask of its own. They count as removed, and are held whatever
is done here; what is chosen here is chosen as in any other network.
"""

from __future__ import annotations

from torch import nn

from core.networks.network import Network, zero_share
from core.pruning.masks import Masks, joined_masks, make_masks
from core.pruning.recognise import recognise_pruning
from core.pruning.settings import Pruning
from core.unpruned import came_pruned


def own_masks(module: nn.Module) -> Masks:
    """Return the masks with which a network came: `{}` unless it has more zeros than come by accident."""
    return recognise_pruning(module).masks if came_pruned(zero_share(module)) else {}


def all_masks(network: Network, pruning: Pruning) -> Masks:
    """Return what is removed from a network once it is pruned: what `make_masks` removes, and what was before."""
    return joined_masks(own_masks(network.module), make_masks(network.module, pruning))
