"""Make `import torchvision` work beside a torch without CUDA.

torchvision's published wheel is linked against CUDA. Beside a CPU-only torch its compiled library cannot be
loaded, and the import then dies with "operator torchvision::nms does not exist", because torchvision registers
shape functions for two operators that were never defined. Declaring the two is enough: nothing here calls them.
Images are decoded with Pillow, never with `torchvision.io`.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Literal

import torch

_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def compiled_library() -> Path | None:
    """Return the path of torchvision's compiled operators, found without importing torchvision."""
    spec = importlib.util.find_spec("torchvision")
    folders = spec.submodule_search_locations if spec and spec.submodule_search_locations else []
    found = (path for folder in folders for path in sorted(Path(folder).glob("_C*")))
    return next((path for path in found if path.suffix in {".so", ".pyd", ".dylib"}), None)


def _load(library: Path | None) -> bool:
    """Load the compiled operators; return whether that worked. Declaring them again would be an error."""
    if library is None:
        return False
    try:
        torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
    except OSError:
        return False
    return True


def _declare() -> torch.library.Library:
    """Declare the two operators without a body; they are there as long as what is returned is."""
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        library.define(name + _SIGNATURE)  # type: ignore[no-untyped-call]
    return library


_declared = None if _load(compiled_library()) else _declare()
OPERATORS: Literal["compiled", "declared"] = "declared" if _declared else "compiled"
