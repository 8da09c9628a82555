"""From the bytes of an uploaded picture to its pixels: checked before they are decoded, kept in memory alone.

Of the file nothing is kept but pixels: whatever else is in it, a place or a name, does not come along.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from core.errors import BrokenDataError
from core.words import printable, shortened

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_AT_ONCE = 24
MOST_BYTES = 25_000_000  # of one file
MOST_PIXELS = 50_000_000  # of one picture: 150 MB decoded
MOST_PIXELS_AT_ONCE = 120_000_000
ALLOWED = f"PNG, JPEG or WebP of at most {MOST_BYTES // 10**6} MB and {MOST_PIXELS // 10**6} million pixels"

_OTHERS = {
    b"GIF8": "a GIF",
    b"%PDF": "a PDF",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"BM": "a BMP",
    b"<svg": "an SVG",
}


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture of the user's, in RGB, as one looks at it."""

    id: str  # of its pixels: the same picture has the same
    file: str  # SHA-256 of the bytes that it came in
    title: str
    pixels: NDArray[np.uint8]  # (h, w, 3), not to be written to
    notes: tuple[str, ...] = ()  # what was done to it beyond decoding


@dataclass(frozen=True, eq=False)
class Photos:
    """What came of some uploads: the pictures, each once, and why the other files are none."""

    photos: tuple[Photo, ...]
    refused: tuple[tuple[str, BrokenDataError], ...]  # (file name, reason)


def read_photos(files: Sequence[tuple[str, bytes]], beside: Sequence[Photo] = ()) -> Photos:
    """Return the pictures among uploaded files (name, content), in their order; a bad one does not spoil the others.

    At most `MOST_AT_ONCE` and, all together, `MOST_PIXELS_AT_ONCE` pixels: what is more is refused, file by file.
    Those `beside`, which are there already, count. A file that came before is not decoded again.
    """
    found: dict[str, Photo] = {}
    refused: list[tuple[str, BrokenDataError]] = []
    for name, data in files:
        taken = {photo.id: photo for photo in (*beside, *found.values())}
        try:
            photo = _again(data, taken.values()) or read_photo(name, data, _room(name, taken.values()))
            found.setdefault(photo.id, photo)
        except BrokenDataError as error:
            refused.append((_title(name), error))
    return Photos(tuple(found.values()), tuple(refused))


def read_photo(name: str, data: bytes, room: int = MOST_PIXELS) -> Photo:
    """Return an uploaded picture; what it is, is told by its content, whatever its name.

    It is turned upright as its EXIF orientation says: a person's photograph would else lie on its side. (Packed data
    ignore the orientation, because torchvision's loader does and figures are to be comparable.) Transparent parts
    become white, of an animation the first picture is taken, 16 bits a channel are cut to 8. BrokenDataError if it is
    anything but `ALLOWED`, or not whole, or of more pixels than there is `room`.
    """
    if not data or len(data) > MOST_BYTES:
        raise _refused(name, f"is of {len(data):,} bytes" if data else "is empty")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            _require_room(name, picture, room)
            upright, notes = _decoded(picture)
    except (BrokenDataError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise _refused(name, "says it has far more pixels") from error
    except Exception as error:  # Pillow's decoders raise nearly every built-in type on malformed bytes
        raise _refused(name, _reason(data, error)) from error
    return _photo(_title(name), data, upright, notes)


def _again(data: bytes, taken: Iterable[Photo]) -> Photo | None:
    """Return the picture that came in the same bytes before."""
    known = hashlib.sha256(data).hexdigest()
    return next((photo for photo in taken if photo.file == known), None)


def _room(name: str, taken: Collection[Photo]) -> int:
    """Return how many pixels there is room for beside those taken."""
    if len(taken) >= MOST_AT_ONCE:
        raise _too_many(name)
    return MOST_PIXELS_AT_ONCE - sum(photo.pixels.size // 3 for photo in taken)


def _require_room(name: str, picture: Image.Image, room: int) -> None:
    pixels = picture.width * picture.height
    if pixels > MOST_PIXELS:
        raise _refused(name, f"is of {picture.width:,} x {picture.height:,} pixels")
    if pixels > room:
        raise _too_many(name)


def _too_many(name: str) -> BrokenDataError:
    return BrokenDataError(
        f"{_title(name)} is one too many",
        f"{MOST_AT_ONCE} pictures and {MOST_PIXELS_AT_ONCE // 10**6} million pixels at once",
        "take some away first",
    )


def _decoded(picture: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Return the picture upright in RGB, and what was done to it."""
    animated = getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO"  # a camera's JPEG with another behind it
    picture.load()
    upright = _upright(picture)
    flat, transparent = _on_white(_eight_bits(upright))
    done = {
        "the first picture of an animation": animated,
        "turned upright, as its camera noted": upright is not picture,
        "16 bits a channel cut to 8": picture.mode.startswith("I;16"),
        "transparent parts made white": transparent,
        "CMYK, converted without its colour profile": picture.mode == "CMYK",
    }
    return flat, tuple(note for note, holds in done.items() if holds)


def _upright(picture: Image.Image) -> Image.Image:
    """Return the picture as its EXIF orientation says; itself if it says nothing, or cannot be read."""
    try:
        orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
        return ImageOps.exif_transpose(picture) if orientation in range(2, 9) else picture
    except Exception:  # a malformed note of the camera is no reason to refuse the picture
        return picture


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return a picture of 8 bits a channel: Pillow itself would clip 16-bit grey, nearly all of it to white."""
    if not picture.mode.startswith("I;16"):
        return picture
    return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))


def _on_white(picture: Image.Image) -> tuple[Image.Image, bool]:
    """Return the picture in RGB on a white ground, and whether any of the ground is seen."""
    if not picture.has_transparency_data:
        return picture.convert("RGB"), False
    picture = picture.convert("RGBA")
    seen = bool((np.asarray(picture.getchannel("A")) < 255).any())
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB"), seen


def _photo(title: str, data: bytes, picture: Image.Image, notes: tuple[str, ...]) -> Photo:
    pixels = np.asarray(picture)
    pixels.flags.writeable = False
    digest = hashlib.sha256(f"{pixels.shape}".encode())
    digest.update(pixels.data)
    return Photo(digest.hexdigest()[:16], hashlib.sha256(data).hexdigest(), title, pixels, notes)


def _title(name: str) -> str:
    """Return a file's own name, without the folders before it, fit to be shown."""
    own = re.split(r"[/\\]", name)[-1]
    return shortened(printable(own).strip() or "a picture", 60)


def _refused(name: str, reason: str) -> BrokenDataError:
    return BrokenDataError(f"{_title(name)} {reason}", ALLOWED, "save it as one of these, or make it smaller")


def _reason(data: bytes, error: Exception) -> str:
    if not isinstance(error, UnidentifiedImageError):
        return f"is broken: {str(error) or type(error).__name__}"
    known = next((what for start, what in _OTHERS.items() if data.startswith(start)), "no picture of these kinds")
    return f"is {'a HEIC or AVIF' if data[4:8] == b'ftyp' else known}"
