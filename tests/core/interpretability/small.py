"""Parameters of every method that are enough for a test, and no more."""

from __future__ import annotations

from core.interpretability.attribution.method import Value

SMALL: dict[str, dict[str, Value]] = {
    "smoothgrad": {"samples": 3},
    "vargrad": {"samples": 3},
    "ig": {"steps": 4},
    "gradshap": {"samples": 4, "draws": 2},
    "deepliftshap": {"draws": 2},
    "occlusion": {"grid": 2, "window": 1},
    "ablation": {"superpixels": 4},
    "kernelshap": {"superpixels": 4, "samples": 6},
}
