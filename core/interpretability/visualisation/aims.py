"""What the pictures of a unit are optimised for, out of Lucent's objectives."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from lucent.optvis import objectives
from torch import Tensor

from core.layer_names import HEAD
from core.units.places import BLOCKS
from core.visualisation import Visualisation

UNLIKE = 0.7  # how much being unlike each other counts beside the activation, where there are several pictures

Outputs = Mapping[str, Tensor]  # by place


def places_of(visualisation: Visualisation) -> tuple[str, ...]:
    """Return the parts of the network whose outputs the aim is about."""
    unlike = _unlike_at(visualisation)
    return tuple(dict.fromkeys([visualisation.place, *([unlike] if visualisation.diversity > 1 else [])]))


def activations(visualisation: Visualisation, outputs: Outputs) -> Tensor:
    """Return the unit's activation by each picture: (b,)."""
    kind = objectives.neuron if visualisation.objective == "neuron" else objectives.channel
    asked = visualisation.place, visualisation.unit
    values = [-kind(*asked, batch=row)(outputs.__getitem__) for row in range(visualisation.diversity)]
    return torch.stack(values)


def loss(visualisation: Visualisation, outputs: Outputs) -> Tensor:
    """Return what is to become small: a number."""
    mean = activations(visualisation, outputs).mean()
    value = -visualisation.sign * mean
    if visualisation.diversity == 1:
        return value
    # The similarity is 0 to 1 whatever the layer, the activation is not: it sets the scale.
    alike: Tensor = -objectives.diversity(_unlike_at(visualisation))(outputs.__getitem__)
    return value + UNLIKE * mean.detach().abs() * alike / (visualisation.diversity - 1)


def _unlike_at(visualisation: Visualisation) -> str:
    """Return where pictures are to be unlike each other: at the place itself, for a logit in the last block."""
    return BLOCKS[-1] if visualisation.place == HEAD else visualisation.place
