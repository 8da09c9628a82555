"""When there is no picture of a unit, and why."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.errors import BrokenDataError, InvalidSettingError, PrunescopeError
from core.interpretability.units.activity import is_constant
from core.interpretability.visualisation.asked import Asked
from core.interpretability.visualisation.picture import noise
from core.layer_names import LAYERS
from core.networks.layers import layer

FLAT = 1.0  # of 255: with a smaller standard deviation a picture is grey
_PROBES = 16  # pictures of noise that tell a unit which never changes from one that is hard to find
_STRONG = 1.0  # deviation of that noise's coefficients
_ANOTHER = "choose another unit, or look at it in another network"


def is_flat(pixels: NDArray[np.uint8]) -> bool:
    """Return whether one of some pictures (b, h, w, 3) shows nothing: its standard deviation is below 1 of 255."""
    return bool((pixels.reshape(len(pixels), -1).std(1) < FLAT).any())


def check_unit(asked: Asked) -> None:
    """Raise InvalidSettingError for a unit that there is not, or whose filter was removed."""
    how, width = asked.visualisation, asked.width()
    if how.unit >= width:
        raise InvalidSettingError(f"unit {how.unit:,} of {how.place}", f"0 to {width - 1:,}", "choose one of these")
    if how.place in LAYERS and not layer(asked.subject.module, how.place).weight[how.unit].any():
        raise InvalidSettingError(
            f"{asked.name} was removed: all its weights are zero, so that nothing that is shown moves it",
            "a unit that pruning left",
            _ANOTHER,
        )


def why(asked: Asked) -> PrunescopeError:
    """Return what to raise where no attempt led to a picture: the unit is broken, never changes, or was not found."""
    values = _by_noise(asked)
    if not np.isfinite(values).all():
        return BrokenDataError(
            f"the activation of {asked.name} is not a finite number",
            "finite weights and activations",
            "its weights hold NaN or overflow: load another network, or prune less",
        )
    if is_constant(values.min(), values.max()):
        return InvalidSettingError(
            f"{asked.name} is constant: its activation is {values[0]:.3g} whatever is shown",
            "a unit whose activation changes",
            _ANOTHER,
        )
    return InvalidSettingError(
        f"the picture of {asked.name} stayed grey with each of the seeds that were tried",
        "a unit that noise moves a little",
        "try another seed, more steps or no transforms",
    )


def _by_noise(asked: Asked) -> NDArray[np.float32]:
    """Return the unit's activation by pictures of strong noise, none like another."""
    how = asked.visualisation
    seen = [
        asked.activations(noise(how.diversity, how.size, _STRONG, seed, asked.device).pixels())
        for seed in range(_PROBES)
    ]
    return np.concatenate(seen)
