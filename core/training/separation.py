"""Training and validation images are kept apart, and are of the same classes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from core.data.processes import map_where_it_pays
from core.data.source import Source
from core.data.wnids import imagenet_wnids
from core.errors import BrokenDataError, InvalidSettingError, StorageError
from core.paths import writable
from core.progress import Progress, silent

_BYTES = 32  # of a SHA-256
_CHUNK = 64  # images
_LISTED = 10

Digests = NDArray[np.uint8]  # (n, 32), zeros for an image that cannot be decoded


def check_separate(training: Source, validation: Source, cache: Path, progress: Progress = silent) -> None:
    """Raise InvalidSettingError, with the list, if an image that is trained on is one that is evaluated on.

    Compared are decoded pixels, so that neither name nor file format hides a copy. BrokenDataError for a training
    image that cannot be decoded, StorageError if what was read cannot be kept. What was read once is kept in `cache`.
    """
    evaluated = {row.tobytes() for row in digests(validation, cache, progress)}
    used = digests(training, cache, progress)
    _require_whole(training, used)
    shared = [place for place, row in enumerate(used) if row.tobytes() in evaluated]
    if shared:
        raise InvalidSettingError(
            f"{len(shared):,} of the {len(training):,} training images of {training.title} are evaluated on too: "
            + _some([training.ids[place] for place in shared]),
            "training images none of which is a validation image",
            "take them away from one of the two, or name other training images",
        )


def check_classes(training: Source, validation: Source) -> None:
    """Raise InvalidSettingError, with the list, unless training images are of the evaluated classes, and of all.

    An image's class is a number: the same number has to be the same class in both sources, so they are compared by
    name as well. Two names are not compared where one of them only repeats the number (a `labels.csv` without names),
    or where one source has ImageNet's wnids and the other one words for them.
    """
    _require_as_many(training, validation)
    _require_same_names(training, validation)
    missing = sorted(set(validation.labels.tolist()) - set(training.labels.tolist()))
    if missing:
        raise InvalidSettingError(
            f"{training.title} has no image of {len(missing):,} of the classes that are evaluated: "
            + _some([validation.classes[label] for label in missing]),
            "training images of every class that is evaluated",
            "ask for more training images, or name other ones",
        )


def _require_as_many(training: Source, validation: Source) -> None:
    have, wanted = len(training.classes), len(validation.classes)
    if have != wanted:
        raise InvalidSettingError(
            f"{training.title} has {have:,} classes, the evaluated images {validation.title} have {wanted:,}"
            + _differing(_named(training), _named(validation)),
            f"training images of the {wanted:,} classes that are evaluated",
            "name other training images, or add and take away class folders until they are the same",
        )


def _require_same_names(training: Source, validation: Source) -> None:
    if (training.classes == imagenet_wnids()) != (validation.classes == imagenet_wnids()):
        return
    pairs = enumerate(zip(training.classes, validation.classes, strict=True))
    others = [pair for place, pair in pairs if not _alike(place, *pair)]
    if others:
        have, wanted = (set(names) for names in zip(*others, strict=True))
        order = _some([f"{one} for {other}" for one, other in others])
        raise InvalidSettingError(
            f"{training.title} has not the classes of the evaluated images {validation.title}"
            + (_differing(have, wanted) or f": another order, {order}"),
            "training images of the evaluated classes, under the same names and in the same order",
            "name other training images, or give their classes the names of the evaluated ones",
        )


def _alike(place: int, one: str, other: str) -> bool:
    """Whether two names of class `place` may be of one class; the number itself is no name, but for other numbers."""
    if one.isdecimal() and other.isdecimal():
        return int(one) == int(other)
    return one == other or str(place) in (one, other)


def _named(source: Source) -> set[str]:
    return {name for place, name in enumerate(source.classes) if name != str(place)}


def _differing(have: set[str], wanted: set[str]) -> str:
    """Return which names only one of two sets has; nothing where one of them is empty."""
    parts = {"missing": sorted(wanted - have), "too many": sorted(have - wanted)}
    return "".join(f"; {words}: {_some(names)}" for words, names in parts.items() if names and have and wanted)


def digests(source: Source, cache: Path, progress: Progress = silent) -> Digests:
    """Return the SHA-256 of each image's size and RGB bytes; read on all cores where that is quicker, and once."""
    file = cache / "digests" / f"{hashlib.sha256(source.identity().encode()).hexdigest()[:24]}.npy"
    known = _read(file, len(source))
    return known if known is not None else _keep(file, np.concatenate(list(_computed(source, progress))))


def _computed(source: Source, progress: Progress) -> Iterator[Digests]:
    spans = [range(start, min(start + _CHUNK, len(source))) for start in range(0, len(source), _CHUNK)]
    for span, found in zip(spans, map_where_it_pays(partial(digests_of, source), spans), strict=True):
        progress(span.stop, len(source), f"comparing images: {source.title}")
        yield found


def digests_of(source: Source, span: range) -> Digests:
    """Return the digests of some images of a source: (len(span), 32)."""
    return np.stack([_digest(source, place) for place in span])


def _digest(source: Source, place: int) -> Digests:
    try:
        image = source.image(place).convert("RGB")
    except BrokenDataError:
        return np.zeros(_BYTES, np.uint8)
    found = hashlib.sha256(f"{image.width} x {image.height} ".encode() + image.tobytes())
    return np.frombuffer(found.digest(), np.uint8)


def _read(file: Path, count: int) -> Digests | None:
    """Return what was kept; None if nothing was, or it is damaged."""
    try:
        known: Digests = np.load(file)
    except (OSError, ValueError, EOFError):
        return None
    return known if known.shape == (count, _BYTES) and known.dtype == np.uint8 else None


def _keep(file: Path, found: Digests) -> Digests:
    """Write digests whole or not at all: ranks and workers, also on other machines, may do so at once."""
    partial_file = writable(file.parent) / f"{file.stem}-{uuid4().hex}.partial.npy"
    try:
        partial_file.write_bytes(_as_file(found))
        partial_file.replace(file)
    except OSError as error:
        partial_file.unlink(missing_ok=True)
        raise _not_written(file.parent, error) from error
    return found


def _as_file(values: Digests) -> bytes:
    """Return an npy file; numpy itself does not notice that a disk is full while it writes a small one."""
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def _not_written(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"what was found comparing images could not be written to {folder} ({error.strerror or error})",
        "a disk with room that this user may write to",
        "make room or mend the permissions, then run it again",
    )


def _require_whole(training: Source, found: Digests) -> None:
    broken = np.flatnonzero(~found.any(1))
    if len(broken):
        raise BrokenDataError(
            f"{len(broken):,} training images of {training.title} cannot be decoded: "
            + _some([training.ids[place] for place in broken]),
            "whole JPEG or PNG images",
            "replace them or take them away",
        )


def _some(names: list[str]) -> str:
    return ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else "")
