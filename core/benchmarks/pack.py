"""Images packed per second, against the decode limit: what Pillow alone reaches on all cores with the same files.

The reference reads each JPEG file, decodes it, resizes it and cuts out its centre, as the network's preset asks, and
takes the pixels as bytes: nobody can pack exact pixels with Pillow and do less. Its processes are started before the
clock and throw the pixels away. Ours starts its processes within the time, and also hashes each row, writes it into a
fresh folder, forced to the disk, and keeps a journal of it. So the ratio grows with the number of images.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from core.benchmarks.evaluate import device_name
from core.benchmarks.timing import Comparison, compare
from core.data.folder import open_folder_tree
from core.data.pack import pack
from core.data.preset import Preset
from core.data.processes import available_cores
from core.data.protocol import Source
from core.errors import MissingFileError
from core.networks.network import IMAGENET_PRESET
from core.progress import Progress, silent
from core.uploads.samples import sample_photo, samples

AGAINST = "Pillow alone on all cores (read, decode, resize, crop; the pixels are thrown away)"
SIZE = 500, 375  # ImageNet's usual picture
_ACROSS = 3  # photographs side by side in a picture, so that it is as rich in detail
_QUALITY = 97  # of JPEG: with it a file is about as large as ImageNet's, of which 50,000 take 6.7 GB
_LEAST_SHARE = 0.6  # of a photograph's side that is shown
_CLASSES = 10
_FILES = 16  # that a process of the reference is given at a time


def bench_pack(images: int = 4000, rounds: int = 5, progress: Progress = silent) -> Iterator[Comparison]:
    """Yield one comparison, in images per second, on so many JPEG files.

    MissingFileError if no photographs to make them of are installed.
    """
    progress(0, rounds, "making photographs")
    with tempfile.TemporaryDirectory() as folder, get_context("spawn").Pool(available_cores()) as pool:
        where = Path(folder) / "images"
        files = write_photographs(where, images)
        source = open_folder_tree(str(where), where)
        parts = [files[start : start + _FILES] for start in range(0, len(files), _FILES)]
        yield compare(
            f"pack, {len(files):,} JPEGs of {SIZE[0]} x {SIZE[1]}",
            partial(_ours, source, Path(folder)),
            lambda: sum(pool.imap_unordered(decode_alone, parts)),
            against=AGAINST,
            unit="images/s",
            device=device_name(torch.device("cpu")),
            rounds=rounds,
        )


def write_photographs(folder: Path, images: int) -> list[Path]:
    """Write mosaics of parts of scikit-image's photographs as JPEG files, a folder a class, and return them."""
    photographs = [sample_photo(sample.name).pixels for sample in samples()]
    if not photographs:
        raise MissingFileError("no photographs are installed", "scikit-image with its data", "install scikit-image")
    rng, files = np.random.default_rng(0), []
    for index in range(images):
        file = folder / f"{index % _CLASSES}" / f"{index}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        _mosaic([photographs[(index + part) % len(photographs)] for part in range(_ACROSS**2)], rng).save(
            file, quality=_QUALITY
        )
        files.append(file)
    return files


def _mosaic(photographs: Sequence[NDArray[np.uint8]], rng: np.random.Generator) -> Image.Image:
    """Return a picture of `SIZE` that is filled with parts of `_ACROSS` squared photographs."""
    made = Image.new("RGB", SIZE)
    wide, high = (-(-length // _ACROSS) for length in SIZE)
    for place, photograph in enumerate(photographs):
        made.paste(_part(photograph, (wide, high), rng), (place % _ACROSS * wide, place // _ACROSS * high))
    return made


def _part(photograph: NDArray[np.uint8], size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Return a random part of a photograph in this size."""
    height, width = photograph.shape[:2]
    largest = min(width / size[0], height / size[1])
    wide, high = (length * largest * rng.uniform(_LEAST_SHARE, 1) for length in size)
    left, top = rng.uniform(0, width - wide), rng.uniform(0, height - high)
    box = (left, top, left + wide, top + high)
    return Image.fromarray(photograph).resize(size, Image.Resampling.BICUBIC, box=box)


def _ours(source: Source, folder: Path) -> int:
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        return len(pack(source, IMAGENET_PRESET, cache=Path(cache)))


def decode_alone(files: Sequence[Path]) -> int:
    """Make the preset's pixels of JPEG files, throw them away and return how many there were."""
    return sum(bool(pixels_alone(file, IMAGENET_PRESET)) for file in files)


def pixels_alone(file: Path, preset: Preset) -> bytes:
    """Return the preset's pixels of a JPEG file at least as large as the crop, as one writes it down with Pillow."""
    with Image.open(file) as picture:
        width, height = picture.size
        shorter, asked = min(width, height), preset.resize or min(width, height)
        size = width * asked // shorter, height * asked // shorter
        small = picture.convert("RGB").resize(size, Image.Resampling.BILINEAR)
    left, top = (round((length - preset.crop) / 2) for length in size)
    return small.crop((left, top, left + preset.crop, top + preset.crop)).tobytes()
