"""What a network is called from which nothing was removed here: dense, unless it came with zeros.

By its own zeros, the share of all its parameters that are zero as it came.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from core.words import percent

DENSE = "Dense"
_BY_ACCIDENT = 0.005  # of all parameters: the shifts of an untrained network are 0.1 %, float16 makes a few more zero


def zeros(costs: Mapping[Any, Any]) -> float:
    """Return the share of all parameters that are zero, by `parameters` and `nonzero`; 0 if that is not known."""
    parameters, nonzero = (costs.get(name) for name in ("parameters", "nonzero"))
    share = 1 - nonzero / parameters if parameters and nonzero is not None else math.nan
    return 0.0 if math.isnan(share) else share


def came_pruned(share: float) -> bool:
    """Whether so many zeros of all parameters are more than come by accident."""
    return share > _BY_ACCIDENT


def unpruned_title(share: float) -> str:
    """Return "Dense", or "As it came, 43 % zeros" of a network with such a share of zeros."""
    return f"As it came, {percent(share, 0)} zeros" if came_pruned(share) else DENSE


def control_title(share: float) -> str:
    """Return "Dense control", or "Control, 43 % zeros" of a network with such a share of zeros."""
    return f"Control, {percent(share, 0)} zeros" if came_pruned(share) else "Dense control"


def against_title(share: float) -> str:
    """Return "against dense" or "against the network as it came": with what a change is told."""
    return f"against {f'the {unpruned_network(share)}' if came_pruned(share) else unpruned_short(share)}"


def unpruned_network(share: float) -> str:
    """Return "dense network" or "network as it came", for the middle of a sentence."""
    return "network as it came" if came_pruned(share) else "dense network"


def unpruned_short(share: float) -> str:
    """Return "dense" or "as it came", for where there is little room."""
    return unpruned_title(share).partition(",")[0].lower()
