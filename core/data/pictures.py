"""From the bytes of one image file to its pixels: JPEG and PNG, by content and whole, or not at all."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from core.errors import BrokenDataError

FORMATS = ("JPEG", "PNG")
MAX_PIXELS = 89_478_485  # Pillow's own threshold of suspicion: a quarter of a gigabyte once decoded
MAX_BYTES = 2**28  # of an encoded image: as many as its pixels may take

ImageFile.LOAD_TRUNCATED_IMAGES = False  # half an image must be an error, never grey pixels


def decoded(data: bytes, name: str) -> Image.Image:
    """Return an image in RGB from the bytes of a JPEG or PNG file, whatever the suffix of its name.

    Grey, palette, CMYK and transparent images are converted as torchvision's loader does (transparency is dropped);
    of an animation it is the first picture. 16 bits a channel are cut to their upper 8, grey as well as colour.
    BrokenDataError, naming it, if it is anything else, truncated or suspiciously large.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise ValueError(f"{picture.width:,} x {picture.height:,} pixels are too many")
            return _in_rgb(picture)
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly every built-in type on malformed bytes
        raise broken(name, _reason(data, error)) from error


def broken(name: str, reason: str) -> BrokenDataError:
    """Return the error of an image that cannot be used."""
    return BrokenDataError(
        f"{name} is broken: {reason}",
        f"a whole JPEG or PNG image of at most {MAX_PIXELS:,} pixels",
        "replace it or take it away",
    )


def refuse_large(size: int, name: str) -> None:
    """Raise BrokenDataError for an encoded image of so many bytes that it is not to be read."""
    if size > MAX_BYTES:
        raise broken(name, f"{size:,} bytes are too many for one image")


def _in_rgb(picture: Image.Image) -> Image.Image:
    """Pillow itself clips 16-bit grey to white, and cuts 16-bit colour to the upper byte."""
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")
    if picture.mode != "RGB":
        return picture.convert("RGB")
    picture.load()  # as it is: converting would copy it
    return picture


def _reason(data: bytes, error: Exception) -> str:
    if not data:
        return "the file is empty"
    if isinstance(error, UnidentifiedImageError):
        return "not an image in JPEG or PNG"
    return str(error) or type(error).__name__
