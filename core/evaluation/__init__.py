"""Accuracy, intervals and paired tests, efficiency."""

import core.operators  # noqa: F401  (before anything imports torchvision)
