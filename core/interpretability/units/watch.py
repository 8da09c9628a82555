"""A network shown the images of a pack, batch by batch, and what its units do on them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data.packed import Pack
from core.evaluation.inference import forward
from core.interpretability.inspection import Subject, one_at_a_time
from core.interpretability.units.outputs import Outputs, check_finite, listening
from core.interpretability.units.tally import Seen

_log = logging.getLogger(__name__)

Images = NDArray[np.int64]  # (n,) places in the pack


@dataclass(frozen=True, eq=False)
class Watched:
    """The units of a network at `places`, shown images of a pack."""

    subject: Subject
    pack: Pack
    places: tuple[str, ...]

    def widths(self) -> tuple[int, ...]:
        """Return how many units each place has."""
        means = _outputs(self, self.pack.order[:1], 1).means
        return tuple(means[place].shape[1] for place in self.places)

    def look(self, images: Images, batch: int, told: Callable[[int], None]) -> tuple[Seen, int]:
        """Return what the units do on images, and the batch that the device's memory allows.

        `told` hears after each batch how many images are done. Raises BrokenDataError for activations that are not
        finite, and torch.OutOfMemoryError if not even one image fits.
        """
        parts: list[Outputs] = []
        done = 0
        while done < len(images):
            outputs = _fitting(self, images[done : done + batch], batch)
            if outputs is None:
                _log.warning("out of memory with %d images a batch; going on with %d", batch, batch // 2)
                batch //= 2
                continue
            parts.append(outputs)
            done += outputs.images
            told(done)
        return _seen(self, parts, images), batch


def _outputs(watched: Watched, images: Images, batch: int) -> Outputs:
    """Run images through the network, as many more behind them as fill the batch.

    A batch of another size may be rounded otherwise, and a unit that is constant would not seem so.
    """
    subject, device = watched.subject, watched.subject.device
    pixels = torch.from_numpy(watched.pack.batch(np.resize(images, batch))).to(device)
    with one_at_a_time(device), listening(subject.module, watched.places, len(images)) as outputs:
        forward(subject.module, subject.network.inputs(pixels))
    check_finite(outputs)
    return outputs


def _fitting(watched: Watched, images: Images, batch: int) -> Outputs | None:
    """Return what the units give for images; None if the batch is too much for the device's memory."""
    try:
        return _outputs(watched, images, batch)
    except torch.OutOfMemoryError:
        if batch == 1:
            raise
    torch.cuda.empty_cache()  # not within `except`, where the error still holds what was computed
    return None


def _seen(watched: Watched, parts: list[Outputs], images: Images) -> Seen:
    places, device = watched.places, watched.subject.device
    widths = [parts[0].means[place].shape[1] for place in places]
    positions = [sum(part.positions.get(place, 0) for part in parts) for place in places]
    return Seen(
        values=torch.cat([torch.cat([part.means[place] for place in places], 1) for part in parts]).T.contiguous(),
        zeros=torch.cat([_zeros(parts, place, width, device) for place, width in zip(places, widths, strict=True)]),
        positions=torch.tensor(np.repeat(positions, widths), device=device),
        places=torch.from_numpy(images).to(device),
        labels=torch.from_numpy(watched.pack.labels[images]).to(device),
    )


def _zeros(parts: list[Outputs], place: str, width: int, device: str) -> Tensor:
    counted = [part.zeros[place] for part in parts if place in part.zeros]
    return torch.stack(counted).sum(0) if counted else torch.zeros(width, dtype=torch.int64, device=device)
