"""Runs as files that others can use without Prunescope."""

import core.operators  # noqa: F401  (before anything imports torchvision)
