"""Image files for the tests of sources and packs."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def noise(seed: int, size: tuple[int, int] = (40, 30)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def save(file: Path, seed: int = 0, size: tuple[int, int] = (40, 30)) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    noise(seed, size).save(file)
    return file


def make_tree(folder: Path, classes: int = 3, images: int = 4) -> Path:
    """`classes` folders of `images` images each."""
    for label in range(classes):
        for place in range(images):
            save(folder / f"class{label}" / f"{place}.png", seed=100 * label + place)
    return folder


def truncate(file: Path, share: float = 0.5) -> Path:
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    return file


def claim_size(png: Path, side: int) -> Path:
    """Make a PNG file say that it is side x side pixels."""
    data = bytearray(png.read_bytes())
    data[16:24] = struct.pack(">II", side, side)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    png.write_bytes(data)
    return png
