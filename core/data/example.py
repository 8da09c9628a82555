"""One image of a source as a network is shown it, for those who look at a single one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.preset import Preset, pixels
from core.data.protocol import Source
from core.errors import InvalidSettingError


@runtime_checkable
class Masked(Protocol):
    """A source that may know where in an image the target is."""

    @property
    def region(self) -> str:
        """How exactly: "mask" (its pixels), "boxes" (the boxes around it), "" (not at all)."""

    def mask(self, index: int) -> NDArray[np.bool_] | None:
        """Return the region, pixels (h, w) of the image before any resizing; None where it is not known."""


@dataclass(frozen=True, eq=False)
class Example:
    """An image of a source, resized and cropped by a preset."""

    index: int  # its place in the source
    id: str
    label: int
    pixels: NDArray[np.uint8]  # (h, w, 3)
    mask: NDArray[np.bool_] | None  # (h, w), where the target is; None where the source does not know it
    region: str = ""  # what the mask is: "mask" (the target's pixels), "boxes" (the union of its boxes), "" (not known)


def example(source: Source, preset: Preset, index: int) -> Example:
    """Return the image at `index` of the source with the pixels that the network is shown; nothing is packed for it.

    Raises InvalidSettingError for a place that the source does not have, BrokenDataError if it cannot be decoded or the
    table of boxes is malformed.
    """
    if not 0 <= index < len(source):
        raise InvalidSettingError(f"image {index} of {source.title}", f"0 to {len(source) - 1}", "choose one of these")
    shown = _shown(source.image(index), preset)
    mask = _mask(source, preset, index)
    region = "" if mask is None else region_of(source)
    return Example(index, source.ids[index], int(source.labels[index]), shown, mask, region)


def region_of(source: Source) -> str:
    """Return what the source knows of where the target is: "mask" (its pixels), "boxes", "" (nothing)."""
    return source.region if isinstance(source, Masked) else ""


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


def _mask(source: Source, preset: Preset, index: int) -> NDArray[np.bool_] | None:
    whole = source.mask(index) if isinstance(source, Masked) else None
    return None if whole is None else _shown(_grey(whole), preset)[..., 0] >= 128


def _grey(mask: NDArray[np.bool_]) -> Image.Image:
    return Image.fromarray(mask.astype(np.uint8) * 255)
