"""Dense networks: build, fetch, verify, name their layers."""

import core.operators  # noqa: F401  (before anything imports torchvision)
