"""Which pixels a network is shown: resize the shorter side, crop the centre."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL.Image import Image, Resampling

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Preset:
    """Resize the shorter side to `resize` pixels (None: leave as is), then crop the centre to `crop`."""

    resize: int | None
    crop: int

    @property
    def name(self) -> str:
        """A name that says it all, for file names and labels."""
        return f"resize{self.resize}-crop{self.crop}" if self.resize else f"crop{self.crop}"

    def without_resize(self) -> Preset:
        """Return the same crop for images that were already brought to size."""
        return replace(self, resize=None)


def cropped(image: Image, preset: Preset) -> Image:
    """Return the picture whose pixels torchvision's `ImageClassification` preset would normalise: RGB, crop x crop.

    Bilinear, antialiased, as torchvision does on a Pillow image, by Pillow alone, so that processes that only decode
    need not load torch. EXIF orientation is ignored, as torchvision's own folder loader ignores it. An image smaller
    than the crop is padded with black.
    """
    picture = image if image.mode == "RGB" else image.convert("RGB")
    if preset.resize is not None:
        picture = picture.resize(_resized(picture.size, preset.resize), Resampling.BILINEAR)
    left, top = (_margin(length, preset.crop) for length in picture.size)
    return picture.crop((left, top, left + preset.crop, top + preset.crop))


def pixels(image: Image, preset: Preset) -> Tensor:
    """Return the pixels of `cropped` as torchvision orders them: (3, h, w) uint8."""
    import torch

    return torch.from_numpy(np.array(cropped(image, preset))).permute(2, 0, 1)


def _resized(size: tuple[int, int], short: int) -> tuple[int, int]:
    """Return the size with the shorter side `short`; the longer is rounded down, as in torchvision."""
    width, height = size
    if width <= height:
        return short, int(short * height / width)
    return int(short * width / height), short


def _margin(length: int, crop: int) -> int:
    """Return where the crop begins; negative where the picture is padded, the odd pixel then at the far end."""
    return -((crop - length) // 2) if length < crop else round((length - crop) / 2)
