"""Masks on disk: safetensors files of bools."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from core.errors import BrokenDataError, MissingFileError
from core.pruning.masks import Masks


def save_masks(masks: Masks, path: Path) -> None:
    """Write masks to a file; whoever reads meanwhile sees the old one or the new one, never half of it."""
    partial = path.with_name(path.name + ".partial")
    save_file({name: mask.cpu().clone(memory_format=torch.contiguous_format) for name, mask in masks.items()}, partial)
    partial.replace(path)


def load_masks(path: Path) -> Masks:
    """Read masks that `save_masks` wrote; MissingFileError, or BrokenDataError if the file holds anything else."""
    if not path.is_file():
        raise MissingFileError(f"there is no file {path}", "a file of masks", "check the path")
    try:
        masks: Masks = load_file(path)
    except (SafetensorError, OSError) as error:
        raise _broken(path, str(error)) from error
    other = [name for name, mask in masks.items() if mask.dtype != torch.bool]
    if other:
        raise _broken(path, f"{other[0]} is no mask")
    return masks


def _broken(path: Path, reason: str) -> BrokenDataError:
    return BrokenDataError(
        f"{path} does not hold masks ({reason})", "a whole safetensors file of bools", "make it again"
    )
