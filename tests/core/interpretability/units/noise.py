"""A small pack of noise, and networks to watch on it."""

from __future__ import annotations

import hashlib

import numpy as np

from core.data.packed import PIXELS, Pack
from core.data.preset import Preset
from core.interpretability import inspection
from core.networks.network import IMAGENET_NORMALISATION, Network, weights_sha256
from core.units.study import UnitStudy

CLASSES = 16

STUDY = UnitStudy(images=90, explanations=3, tasks=5)  # keeps 20 a side


def noise(folder, images=600, size=32, classes=CLASSES):
    """Return a pack of pictures of noise over colours of their own, the last class without any."""
    rng = np.random.default_rng(5)
    colours = rng.integers(0, 200, (images, 1, 1, 3), np.uint8)
    pixels = colours + rng.integers(0, 56, (images, size, size, 3), np.uint8)
    pixels.tofile(folder / PIXELS)
    return Pack(
        folder=folder,
        source="noise",
        title="Noise",
        preset=Preset(size, size),
        classes=tuple(map(str, range(classes))),
        labels=rng.integers(0, classes - 1, images),
        ids=tuple(map(str, range(images))),
        indices=np.arange(images),
        skipped=(),
        fingerprint="noise",
        digests=b"".join(hashlib.sha256(row.data).digest() for row in pixels),
    )


def look_into(module, size=32):
    """Return a copy of a module as a subject."""
    names = tuple(map(str, range(module.fc.out_features)))
    sha = weights_sha256(module.state_dict())
    whole = Network("random", "Random", module, names, Preset(size, size), IMAGENET_NORMALISATION, sha)
    return inspection.subject(whole, whole.copy(), {})


def hooks(module):
    """Return how many hooks there are in a module."""
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in module.modules())
