"""Speed, measured side by side with a reference in the same run."""

import core.operators  # noqa: F401  (before anything imports torchvision)
