"""A network and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.interpretability.inspection import Subject
from core.interpretability.visualisation.aims import activations, loss, places_of
from core.interpretability.visualisation.passes import outputs
from core.units.places import unit_name
from core.visualisation import Visualisation


@dataclass(frozen=True, eq=False)
class Asked:
    """A visualisation of one unit of one network."""

    subject: Subject
    visualisation: Visualisation

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return torch.device(self.subject.device)

    @property
    def name(self) -> str:
        """The unit in words."""
        return unit_name(self.visualisation.place, self.visualisation.unit)

    def loss(self, image: Tensor) -> Tensor:
        """Return what pictures (b, 3, h, w), 0..1, are to make small: a number."""
        return loss(self.visualisation, self._outputs(image, places_of(self.visualisation)))

    @torch.no_grad()
    def activations(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the unit's activation by pictures (b, h, w, 3), as they are shown: (b,)."""
        image = torch.from_numpy(pixels).to(self.device).permute(0, 3, 1, 2) / 255
        found = activations(self.visualisation, self._outputs(image, (self.visualisation.place,)))
        values: NDArray[np.float32] = found.float().cpu().numpy()
        return values

    @torch.no_grad()
    def width(self) -> int:
        """Return how many units the place has."""
        place = self.visualisation.place
        return self._outputs(torch.zeros(1, 3, 64, 64, device=self.device), (place,))[place].shape[1]

    def _outputs(self, image: Tensor, places: tuple[str, ...]) -> dict[str, Tensor]:
        inputs = self.subject.network.inputs((image * 255).permute(0, 2, 3, 1))
        return outputs(self.subject.module, inputs, places)
