"""Sources of labelled images, packed once into one fingerprinted array."""

import core.operators  # noqa: F401  (before anything imports torchvision)
