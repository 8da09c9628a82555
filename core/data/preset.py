"""Which pixels a network is shown: resize the shorter side, crop the centre."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from torchvision.transforms import functional as transforms

if TYPE_CHECKING:
    from PIL.Image import Image
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


def pixels(image: Image, preset: Preset) -> Tensor:
    """Return the pixels that torchvision's `ImageClassification` preset would normalise: (3, h, w) uint8.

    Bilinear, antialiased, on the Pillow image, as torchvision's reference does; EXIF orientation is ignored, as
    torchvision's own folder loader ignores it. An image smaller than the crop is padded with black.
    """
    picture = image.convert("RGB")
    if preset.resize is not None:
        picture = transforms.resize(picture, [preset.resize])
    return transforms.pil_to_tensor(transforms.center_crop(picture, [preset.crop]))
