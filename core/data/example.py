"""One image of a source as a network is shown it, for those who look at a single one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.preset import Preset, pixels
from core.data.source import Source
from core.errors import InvalidSettingError


@runtime_checkable
class Masked(Protocol):
    """A source that knows which pixels show the target."""

    def mask(self, index: int) -> NDArray[np.bool_]:
        """Return which pixels (h, w) of the image, before any resizing, show the target."""


@dataclass(frozen=True, eq=False)
class Example:
    """An image of a source, resized and cropped by a preset."""

    index: int  # its place in the source
    id: str
    label: int
    pixels: NDArray[np.uint8]  # (h, w, 3)
    mask: NDArray[np.bool_] | None  # (h, w), the target's pixels; None where the source does not know them


def example(source: Source, preset: Preset, index: int) -> Example:
    """Return the image at `index` of the source with the pixels that the network is shown; nothing is packed for it.

    Raises InvalidSettingError for a place that the source does not have, BrokenDataError if it cannot be decoded.
    """
    if not 0 <= index < len(source):
        raise InvalidSettingError(f"image {index} of {source.title}", f"0 to {len(source) - 1}", "choose one of these")
    shown = _shown(source.image(index), preset)
    mask = _shown(_grey(source.mask(index)), preset)[..., 0] >= 128 if isinstance(source, Masked) else None
    return Example(index, source.ids[index], int(source.labels[index]), shown, mask)


def find_image(source: Source, identity: str) -> int:
    """Return the place of the image with that id; InvalidSettingError if the source has none."""
    try:
        return source.ids.index(identity)
    except ValueError as error:
        raise InvalidSettingError(
            f"{source.title} has no image {identity!r}", f"ids such as {source.ids[0]}", "choose one of its images"
        ) from error


def _shown(image: Image.Image, preset: Preset) -> NDArray[np.uint8]:
    channels_last: NDArray[np.uint8] = pixels(image, preset).permute(1, 2, 0).contiguous().numpy()
    return channels_last


def _grey(mask: NDArray[np.bool_]) -> Image.Image:
    return Image.fromarray(mask.astype(np.uint8) * 255)
