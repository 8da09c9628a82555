"""Make `import torchvision` work beside a torch without CUDA.

torchvision's published wheel is linked against CUDA. Beside a CPU-only torch its compiled library cannot be
loaded, and the import then dies with "operator torchvision::nms does not exist", because torchvision registers
shape functions for two operators that were never defined. Declaring the two is enough: nothing here calls them.
Images are decoded with Pillow, never with `torchvision.io`.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch

_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_declared: list[torch.library.Library] = []  # kept alive: dropping a Library takes its operators away


def compiled_library() -> Path | None:
    """Return the path of torchvision's compiled operators, found without importing torchvision."""
    spec = importlib.util.find_spec("torchvision")
    folders = spec.submodule_search_locations if spec and spec.submodule_search_locations else []
    found = (path for folder in folders for path in sorted(Path(folder).glob("_C*")))
    return next((path for path in found if path.suffix in {".so", ".pyd", ".dylib"}), None)


def ensure_operators() -> str:
    """Load torchvision's operators, or declare the two it needs; return `compiled` or `declared`."""
    library = compiled_library()
    if library is not None:
        try:
            torch.ops.load_library(str(library))
            return "compiled"
        except OSError:
            pass
    if not _declared:
        _declared.append(_declare())
    return "declared"


def _declare() -> torch.library.Library:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(name + _SIGNATURE)
    return library


ensure_operators()
