"""Classify an image with the networks of this folder: `python load.py IMAGE`.

Needs NumPy and Pillow, and for each file what its loader imports. Take from it what you need: each loader returns a
function from pixels (n, h, w, 3) uint8 to logits (n, classes).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent


def pixels(path: str, crop: int, resize: int | None) -> np.ndarray:
    """Return an image as the network is shown it: (1, crop, crop, 3) uint8."""
    picture = Image.open(path).convert("RGB")
    if resize:
        short = min(picture.size)
        size = [resize if side == short else int(resize * side / short) for side in picture.size]
        picture = picture.resize((size[0], size[1]), Image.Resampling.BILINEAR)
    left, top = (-((crop - side) // 2) if side < crop else round((side - crop) / 2) for side in picture.size)
    return np.array(picture.crop((left, top, left + crop, top + crop)))[None]


def load_weights(run: dict[str, Any]) -> Callable[[np.ndarray], np.ndarray]:
    """Load weights.safetensors, a state dict in torchvision's names, into torchvision's GoogLeNet."""
    import torch
    from safetensors.torch import load_file

    if run["network"]["architecture"] != "googlenet":
        raise NotImplementedError(
            "these weights are of the network of 2014 (no batch norm, local response normalisation after conv1 and "
            "conv3, a 5x5 branch, ceil pooling), which torchvision does not have: use network.onnx or network.pt2"
        )
    classes, transform = len(run["classes"]), run["network"]["transform_input"]
    network = googlenet(num_classes=classes, aux_logits=False, transform_input=transform, init_weights=False).eval()
    network.load_state_dict(load_file(HERE / "weights.safetensors"))
    how = run["preprocessing"]
    mean, std = (torch.tensor(how[name]).view(3, 1, 1) for name in ("mean", "std"))

    def logits(images: np.ndarray) -> np.ndarray:
        inputs = torch.from_numpy(images).permute(0, 3, 1, 2).float() / how["unit"]
        with torch.inference_mode():
            return network((inputs - mean) / std).numpy()  # type: ignore[no-any-return]

    return logits


def googlenet(**settings: Any) -> Any:
    """Return torchvision's GoogLeNet, also where its compiled operators, which it does not use, cannot be loaded."""
    import torch

    try:
        from torchvision.models import GoogLeNet
    except RuntimeError:  # a torchvision for CUDA beside a torch without it: declare what it looks for, and try again
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        from torchvision.models import GoogLeNet
    return GoogLeNet(**settings)


def load_onnx(run: dict[str, Any]) -> Callable[[np.ndarray], np.ndarray]:
    """Load network.onnx, which takes pixels: its preprocessing is inside."""
    import onnxruntime

    session = onnxruntime.InferenceSession(HERE / "network.onnx", providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"pixels": images})[0]


def load_program(run: dict[str, Any]) -> Callable[[np.ndarray], np.ndarray]:
    """Load network.pt2, which takes pixels: its preprocessing is inside."""
    import torch

    network = torch.export.load(HERE / "network.pt2").module()
    return lambda images: network(torch.from_numpy(images)).numpy(force=True)


LOADERS = {"weights.safetensors": load_weights, "network.onnx": load_onnx, "network.pt2": load_program}


def main() -> None:
    """Print what each network of this folder sees in the image that the command line names."""
    if len(sys.argv) != 2:
        sys.exit("usage: python load.py IMAGE")
    run = json.loads((HERE / "run.json").read_text(encoding="utf-8"))
    how = run["preprocessing"]
    images = pixels(sys.argv[1], how["crop"], how["resize"])
    for name in (name for name in LOADERS if (HERE / name).is_file()):
        try:
            logits = LOADERS[name](run)(images)[0]
        except (ImportError, NotImplementedError) as error:
            print(f"{name}: cannot be loaded here: {error}")
            continue
        shares = np.exp(logits - logits.max())
        best = int(shares.argmax())
        print(f"{name}: {run['classes'][best]} ({shares[best] / shares.sum():.1%})")


if __name__ == "__main__":
    main()
