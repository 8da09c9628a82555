"""One whole number for an image's activation of a unit: larger for a larger activation, ties broken at random.

A key is 64 bits: the activation (float32, as an integer of the same order) above 32 bits of noise that depend on the
seed, the unit and the image only. For one unit no two images share their noise, since it is a permutation of the
places; so the order has no ties, whatever the batches and whatever the device, and activation and image are read back
from the key.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

LEAST, MOST = -(2**63), 2**63 - 1  # below and above the key of every finite activation

_LOW = 2**32 - 1
_MAGNITUDE = 2**31 - 1
# lowbias32 and its inverse (Wellons 2018, "Prospecting for hash functions"): shift, factor, shift, factor, shift.
_FACTORS = (0x7FEB352D, 0x846CA68B)
_INVERSES = (0x43021123, 0x1D69E2A5)


def salts(seed: int, units: int) -> Tensor:
    """Return what makes the noise of each unit its own: (units,) int64, the first ones the same however many."""
    raw = np.random.PCG64(seed % 2**64).random_raw(units) >> np.uint64(32)
    return torch.from_numpy(raw.astype(np.int64))


def keys(values: Tensor, places: Tensor, salts: Tensor) -> Tensor:
    """Return the keys (u, n) int64 of finite activations (u, n) float32 on images at places (n,) int64."""
    return (_ordered(values).long() << 32) | _mixed(places ^ salts[:, None])


def values_of(keys: Tensor) -> Tensor:
    """Return the activations in keys: float32 of the same shape; -0.0 comes back as 0.0."""
    bits = (keys >> 32).int()
    return _swapped(bits).view(torch.float32)


def places_of(keys: Tensor, salts: Tensor) -> Tensor:
    """Return the images in keys (u, n): their places in the pack, int32."""
    return (_unmixed(keys & _LOW) ^ salts[:, None]).int()


def _ordered(values: Tensor) -> Tensor:
    return _swapped((values + 0.0).view(torch.int32))  # -0.0 + 0.0 is 0.0: these tie


def _swapped(bits: Tensor) -> Tensor:
    """Turn sign and magnitude into two's complement, and back: then floats compare as integers do."""
    return bits ^ ((bits >> 31) & _MAGNITUDE)


def _mixed(x: Tensor) -> Tensor:
    x = ((x ^ (x >> 16)) * _FACTORS[0]) & _LOW
    x = ((x ^ (x >> 15)) * _FACTORS[1]) & _LOW
    return x ^ (x >> 16)


def _unmixed(x: Tensor) -> Tensor:
    x = ((x ^ (x >> 16)) * _INVERSES[0]) & _LOW
    x = ((x ^ (x >> 15) ^ (x >> 30)) * _INVERSES[1]) & _LOW
    return x ^ (x >> 16)
