"""What a run can be written as. A new format is one more entry in `FORMATS`."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from core.errors import BrokenDataError
from core.export.exportable import Exportable
from core.pruning.mask_files import save_masks

WEIGHTS, MASKS, ONNX, PROGRAM = "weights.safetensors", "masks.safetensors", "network.onnx", "network.pt2"
TOLERANCE = 1e-4  # of logits, between a written network and ours: the order of operations differs

Files = dict[str, dict[str, Any]]  # file name -> what is to be known of it
Run = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True)
class Format:
    """A way to write a run: `write(run, folder)` returns the files and what is to be known of each."""

    name: str
    title: str
    meaning: str
    write: Callable[[Exportable, Path], Files]


def _write_weights(run: Exportable, folder: Path) -> Files:
    state = {name: value.contiguous() for name, value in run.module.state_dict().items()}
    save_file(state, folder / WEIGHTS, _metadata(run))
    save_masks(run.masks, folder / MASKS)
    return {
        WEIGHTS: {"holds": "the state dict in torchvision's names, what was removed at zero"},
        MASKS: {
            "holds": "bools in the parameters' names and shapes, true for what stays; parameters without are whole"
        },
    }


def _metadata(run: Exportable) -> dict[str, str]:
    """Return what Prunescope needs to take the file as a network of its own (core.networks.about)."""
    network = run.network
    how = {
        "classes": network.classes,
        **asdict(network.normalisation),
        "size": network.preset.crop,
        "resize": network.preset.resize,
        "transform_input": bool(network.module.transform_input),
    }
    return {"format": "pt", **{name: json.dumps(value) for name, value in how.items() if value is not None}}


def _write_onnx(run: Exportable, folder: Path) -> Files:
    import onnxruntime

    with _quiet():
        torch.onnx.export(
            run.program,
            (),
            folder / ONNX,
            dynamo=True,
            external_data=False,
            verbose=False,
            input_names=["pixels"],
            output_names=["logits"],
        )
    session = onnxruntime.InferenceSession(folder / ONNX, providers=["CPUExecutionProvider"])
    return {ONNX: _checked(run, ONNX, lambda pixels: session.run(None, {"pixels": pixels})[0])}


def _write_program(run: Exportable, folder: Path) -> Files:
    with _quiet():
        torch.export.save(run.program, folder / PROGRAM)
        module = torch.export.load(folder / PROGRAM).module()
    return {PROGRAM: _checked(run, PROGRAM, lambda pixels: module(torch.from_numpy(pixels)).numpy(force=True))}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch's exporters from telling the user of their own deprecations."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        log.setLevel(level)


def _checked(run: Exportable, name: str, written: Run) -> dict[str, Any]:
    """Compare what was written with what it was written from, one image at a time and all at once."""
    at_once, alone = written(run.images), np.concatenate([written(image[None]) for image in run.images[:2]])
    difference = max(float(np.abs(at_once - run.logits).max()), float(np.abs(alone - run.logits[:2]).max()))
    if not difference <= TOLERANCE * max(1.0, float(np.abs(run.logits).max())):
        raise BrokenDataError(
            f"{name} differs from the network it was written from by {difference:.2g}",
            f"logits that agree to {TOLERANCE:g}",
            "leave this format out, and report it",
        )
    size = run.images.shape[1]
    return {
        "holds": f"the network with its preprocessing, {'compact' if run.removed()['compact'] else 'with its zeros'}",
        "input": f"pixels: uint8 (n, {size}, {size}, 3), RGB, any n",
        "output": f"logits: float32 (n, {run.logits.shape[1]})",
        "largest_difference": difference,
        "checked_on": f"{len(run.images)} images of {run.spec.data}",
    }


FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format("safetensors", "Weights and masks", "the masked state dict in torchvision's names", _write_weights),
        Format("onnx", "ONNX", "the compact network, for ONNX Runtime and others", _write_onnx),
        Format("pt2", "torch.export", "the compact network as a program that torch alone runs", _write_program),
    )
}
