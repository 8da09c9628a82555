"""What is said of a network beside its weights: its classes, and how it was fed when it was trained.

It is said in the file (safetensors metadata, or beside the state dict in a `.pth`) or, with precedence, next to it: in
`<stem>.json` with any of `NAMES` as keys, and class names, one a line, in `<stem>.classes.txt` or `classes.txt`.
"""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

from core.errors import BrokenDataError

NAMES = ("classes", "mean", "std", "unit", "size", "resize", "transform_input", "channels")
SIZES = range(32, 1025)  # pixels a side that a network may be shown
_MOST_BYTES = 1_000_000  # of a file of words

Triple = tuple[float, float, float]

_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxlist, _SHORT.maxtuple, _SHORT.maxdict, _SHORT.maxstring = 2, 4, 4, 4, 80


@dataclass(frozen=True)
class About:
    """What is said of a network; None where nothing is."""

    classes: tuple[str, ...] | None = None
    shared_classes: tuple[str, ...] | None = None  # of the folder's classes.txt: of this network only if they fit
    mean: Triple | None = None  # per channel in the order R, G, B, of pixels / unit
    std: Triple | None = None
    unit: float | None = None  # 255 unless said
    size: int | None = None  # pixels a side that the network is shown
    resize: int | None = None  # the shorter side before that is cropped; `size` unless said
    transform_input: bool | None = None  # whether the network first brings ImageNet's normalisation to (x - 0.5) / 0.5
    channels: str | None = None  # the order of the first convolution's inputs, "rgb" or "bgr"


def read_about(path: Path, said: Mapping[str, Any]) -> About:
    """Return what the checkpoint at `path` says of itself (`said`, plain values) and what is said next to it.

    BrokenDataError names a value that cannot be meant.
    """
    values = {name: value for name, value in {**said, **_beside(path)}.items() if name in NAMES and value is not None}
    own = _lines(path.with_name(f"{path.stem}.classes.txt"))
    about = About(
        classes=own or _classes(path, values.get("classes")),
        shared_classes=_lines(path.with_name("classes.txt")),
        mean=_triple(path, "mean", values.get("mean")),
        std=_triple(path, "std", values.get("std")),
        unit=_number(path, "unit", values.get("unit")),
        size=_pixels(path, "size", values.get("size")),
        resize=_pixels(path, "resize", values.get("resize")),
        transform_input=_flag(path, "transform_input", values.get("transform_input")),
        channels=_channels(path, values.get("channels")),
    )
    if (about.mean is None) != (about.std is None) or (about.std and min(about.std) <= 0):
        raise _unusable(path, "std", about.std, "mean and std together, std above 0")
    return about


def _beside(path: Path) -> Mapping[str, Any]:
    """Return the JSON object next to the checkpoint; {} if there is none."""
    file = path.with_suffix(".json")
    text = _text(file)
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise BrokenDataError(
            f"{file} is no JSON ({error})", f"an object with {', '.join(NAMES)}", "mend it"
        ) from error
    return found if isinstance(found, dict) else {}


def _lines(file: Path) -> tuple[str, ...] | None:
    return tuple(line.strip() for line in (_text(file) or "").splitlines() if line.strip()) or None


def _text(file: Path) -> str | None:
    if not file.is_file():
        return None
    try:
        if file.stat().st_size <= _MOST_BYTES:
            return file.read_text(encoding="utf-8-sig")
        reason = f"it is larger than {_MOST_BYTES:,} bytes"
    except (OSError, UnicodeDecodeError) as error:
        reason = str(error)
    raise BrokenDataError(f"{file} cannot be read ({reason})", "a small text in UTF-8", "mend it, or take it away")


def _classes(path: Path, value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(name, str) and name.strip() for name in value):
        raise _unusable(path, "classes", value, "a list of names, none empty, in the order of the outputs")
    return tuple(name.strip() for name in value)


def _triple(path: Path, name: str, value: object) -> Triple | None:
    if value is None:
        return None
    if not isinstance(value, Sequence) or len(value) != 3 or not all(_is_finite(one) for one in value):
        raise _unusable(path, name, value, "three numbers, of red, green and blue")
    red, green, blue = (float(one) for one in value)
    return red, green, blue


def _number(path: Path, name: str, value: object) -> float | None:
    if value is None:
        return None
    number = float(value) if isinstance(value, Real) and _is_finite(value) else -1.0
    if number <= 0:
        raise _unusable(path, name, value, "a number above 0")
    return number


def _is_finite(value: object) -> bool:
    try:
        return isinstance(value, Real) and math.isfinite(value)
    except OverflowError:  # a whole number that no float holds
        return False


def _pixels(path: Path, name: str, value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or value not in SIZES:
        raise _unusable(path, name, value, f"a whole number of pixels, {SIZES[0]} to {SIZES[-1]}")
    return value


def _flag(path: Path, name: str, value: object) -> bool | None:
    flags = {"true": True, "false": False}
    if value is None or _word(value) in flags:
        return None if value is None else flags[_word(value)]
    raise _unusable(path, name, value, "true or false")


def _channels(path: Path, value: object) -> str | None:
    if value is None or _word(value) in ("rgb", "bgr"):
        return None if value is None else _word(value)
    raise _unusable(path, "channels", value, "rgb or bgr")


def _word(value: object) -> str:
    """Return a value as one word; empty for what is none: written out, lists within lists grow without end."""
    return str(value).lower() if isinstance(value, str | bool) else ""


def _unusable(path: Path, name: str, value: object, allowed: str) -> BrokenDataError:
    return BrokenDataError(
        f"{path} is said to have {name} {_SHORT.repr(value)}",
        f"{name}: {allowed}",
        f"say it in {path.stem}.json beside it",
    )
