"""What an attribution can be asked, and what it may answer."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from core.errors import BrokenDataError, InvalidSettingError
from core.interpretability.attribution.method import Method, Query

MOST_PIXELS = 2**21  # of one image: 2.3 GB for a forward and a backward pass, 5 GB for DeepLIFT
SURE_SIZE = 32  # pixels a side that every GoogLeNet takes


def check_query(query: Query, method: Method) -> None:
    """Raise InvalidSettingError if the network, the inputs, the targets or the baselines cannot be used."""
    _check_mode(query.module)
    _check_inputs(query.inputs)
    _check_targets(query.targets, len(query.inputs), class_count(query.module))
    _check_size(query.module, query.inputs)
    if method.baseline is not None:
        _check_baselines(query.baselines, query.inputs.shape, method)


def class_count(module: nn.Module) -> int:
    """Return how many logits the network has: the width of its last linear layer."""
    widths = [layer.out_features for layer in module.modules() if isinstance(layer, nn.Linear)]
    if not widths:
        raise InvalidSettingError(
            "the network has no linear layer", "a network that ends in a classifier", "load a GoogLeNet"
        )
    return widths[-1]


def check_maps(maps: Tensor, method: Method) -> Tensor:
    """Return the maps (n, h, w); BrokenDataError if one holds NaN or infinity."""
    broken = [i for i, each in enumerate(maps) if not each.isfinite().all()]
    if broken:
        raise BrokenDataError(
            f"{method.title} is not a finite number for image {broken[0]} ({len(broken)} of {len(maps)} images)",
            "finite values",
            "the network's weights or activations overflow: check its logits, or load another network",
        )
    return maps


def _check_mode(module: nn.Module) -> None:
    if module.training:
        raise InvalidSettingError(
            "the network is in training mode", "evaluation mode: batch norm and dropout fixed", "call module.eval()"
        )


def _check_inputs(inputs: Tensor) -> None:
    if inputs.ndim != 4 or inputs.shape[1] != 3 or inputs.numel() == 0 or not inputs.is_floating_point():
        raise InvalidSettingError(
            f"inputs of shape {tuple(inputs.shape)} and type {inputs.dtype}",
            "normalised images (n, 3, h, w), n at least 1, as floating-point numbers",
            "make them with network.inputs(pixels)",
        )
    if not inputs.isfinite().all():
        raise InvalidSettingError("inputs with NaN or infinite values", "finite numbers", "check the image")


def _check_targets(targets: Tensor, images: int, classes: int) -> None:
    if targets.shape != (images,) or targets.dtype != torch.int64:
        raise InvalidSettingError(
            f"targets of shape {tuple(targets.shape)} and type {targets.dtype}",
            f"one int64 class index per image, shape ({images},)",
            "give as many targets as images",
        )
    outside = [int(target) for target in targets if not 0 <= target < classes]
    if outside:
        raise InvalidSettingError(f"target class {outside[0]}", f"0 to {classes - 1}", "choose one of the classes")


def _check_size(module: nn.Module, inputs: Tensor) -> None:
    """Ask the network itself whether a small image passes: 15 pixels a side do in one GoogLeNet, 31 in the other."""
    height, width = inputs.shape[-2:]
    if height * width > MOST_PIXELS:
        raise InvalidSettingError(
            f"an image of {height:,} x {width:,} pixels",
            f"at most {MOST_PIXELS:,} pixels, such as {math.isqrt(MOST_PIXELS):,} x {math.isqrt(MOST_PIXELS):,}",
            "scale the image down: the network was trained on far smaller ones",
        )
    if min(height, width) < SURE_SIZE and not _takes(module, inputs[:1]):
        smallest = next(
            (size for size in range(1, SURE_SIZE + 1) if _takes(module, inputs.new_zeros(1, 3, size, size))), 0
        )
        raise InvalidSettingError(
            f"an image of {height} x {width} pixels",
            f"at least {smallest} x {smallest} pixels: less does not pass the network's poolings",
            "choose a larger image, or scale this one up",
        )


@torch.no_grad()
def _takes(module: nn.Module, image: Tensor) -> bool:
    try:
        module(image)
    except RuntimeError:
        return False
    return True


def _check_baselines(baselines: Tensor | None, shape: torch.Size, method: Method) -> None:
    one_each = shape if method.draws is None or baselines is None else (shape[0], *baselines.shape[1:2], *shape[1:])
    if baselines is None or baselines.shape != one_each or not baselines.numel() or not baselines.isfinite().all():
        given = "no baseline" if baselines is None else f"baselines of shape {tuple(baselines.shape)}"
        raise InvalidSettingError(
            f"{given} for {method.title}",
            f"finite numbers of the inputs' shape {tuple(shape)}, normalised like them",
            'baselines=network.inputs(BASELINES["black"].make(pixels, 0)) begins at a black picture',
        )
