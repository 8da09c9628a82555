"""Labels from the development kit of ILSVRC-2012, as it is downloaded or unpacked.

The kit numbers its classes by ILSVRC2012_ID, an order of its own. Networks number them by sorted wnid: a class goes
from the one to the other through its wnid.
"""

from __future__ import annotations

import gzip
import io
import re
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, cast

import numpy as np

from core.data.disk import unreadable
from core.data.labelled import Labelled, LabelTable
from core.data.shelf import Shelf
from core.data.tables import places
from core.data.wnids import imagenet_wnids
from core.errors import BrokenDataError
from core.words import count

FOLDER = "ILSVRC2012_devkit_t12"
ARCHIVE = f"{FOLDER}.tar.gz"
TRUTH = "data/ILSVRC2012_validation_ground_truth.txt"
META = "data/meta.mat"
MAX_BYTES = 2**26  # unpacked; the real one takes 3 MB
_MAT_HEADER, _COMPRESSED = 128, 15  # bytes before the first element; the kind of one that is compressed

_NAME = re.compile(r"ILSVRC2012_val_([0-9]{8})(_n[0-9]{8})?\.(jpe?g|png)", re.IGNORECASE)

Reader = Callable[[str], bytes]  # from a path in the kit


def are_of_ilsvrc(files: Iterable[str]) -> bool:
    """Whether all of these files, wherever they lie, have the names of ILSVRC-2012's validation images."""
    return all(_NAME.fullmatch(PurePosixPath(file).name) for file in files)


def find_devkit(shelf: Shelf) -> Path | None:
    """Return the kit that lies among the images or beside them, where these have the validation images' names."""
    if not any(map(_NAME.fullmatch, shelf.names())):
        return None
    found = [place / name for place in places(shelf.where) for name in (FOLDER, ARCHIVE)]
    return next((kit for kit in found if (kit / TRUTH).is_file() or kit.is_file()), None)


def read_devkit(kit: Path, shelf: Shelf) -> Labelled:
    """Return the class of each validation image: those of the 50,000 that are there, as ImageNet's 1,000 classes.

    BrokenDataError if the kit is malformed, or an image is none that it knows.
    """
    read = _reader(kit)
    indices = _class_indices(read(META), kit)
    truth = [_known(line, indices, kit) for line in read(TRUTH).decode("ascii", "replace").split()]
    numbers = _numbers(shelf, len(truth), kit)
    files = tuple(numbers.values())
    labels = np.array([truth[number - 1] for number in numbers], dtype=np.int64)
    if len(np.unique(labels)) < 2:
        raise BrokenDataError(
            f"{shelf.where} holds images of one class only", "images of at least two classes", "add images"
        )
    return Labelled(files, labels, imagenet_wnids(), _notes(len(files), len(truth)))


def _notes(here: int, known: int) -> tuple[str, ...]:
    numbering = "the devkit numbers classes its own way: they were found by their wnids"
    absent = f"{count(known - here, 'image')} of the devkit's {known:,} not here"
    return (numbering, absent) if here < known else (numbering,)


def _numbers(shelf: Shelf, known: int, kit: Path) -> dict[int, str]:
    """Return the images by their number, which is a line of the kit's ground truth."""
    found: dict[int, str] = {}
    for name in shelf.names():
        match = _NAME.fullmatch(name)
        number = int(match[1]) if match else 0
        if not 1 <= number <= known:
            raise _stranger(f"{shelf.where} holds {name}, which {kit.name} says nothing of", known)
        if number in found:
            raise _stranger(f"{shelf.where} holds image {number} twice, {found[number]} and {name}", known)
        found[number] = name
    return dict(sorted(found.items()))


def _stranger(given: str, known: int) -> BrokenDataError:
    return BrokenDataError(
        given,
        f"ILSVRC2012_val_00000001.JPEG to ILSVRC2012_val_{known:08d}.JPEG, any of them once",
        "take it away, or label the images by a labels.csv",
    )


def _known(line: str, indices: Mapping[int, int], kit: Path) -> int:
    try:
        return indices[int(line)]
    except (ValueError, KeyError):
        raise _malformed(kit, f"{TRUTH} has the class {line[:20]!r}, which {META} does not know") from None


def _class_indices(meta: bytes, kit: Path) -> dict[int, int]:
    """Return the place of each ILSVRC2012_ID among the sorted wnids."""
    places_of = {wnid: index for index, wnid in enumerate(imagenet_wnids())}
    try:
        return {number: places_of[wnid] for number, wnid in _synsets(meta) if wnid in places_of}
    except Exception as error:  # whatever scipy raises on malformed bytes
        raise _malformed(kit, f"{META} cannot be read ({error})") from error


def _synsets(meta: bytes) -> Sequence[tuple[int, str]]:
    """Return (ILSVRC2012_ID, WNID) of each synset: 1,000 are classes, the others lie above them."""
    from scipy.io import loadmat  # by those alone who have a devkit

    _refuse_swollen(meta)
    table = np.atleast_1d(loadmat(cast(Any, io.BytesIO(meta)), variable_names=["synsets"], squeeze_me=True)["synsets"])
    return [(int(number), str(wnid)) for number, wnid in zip(table["ILSVRC2012_ID"], table["WNID"], strict=True)]


def _refuse_swollen(meta: bytes) -> None:
    """Raise ValueError for a MATLAB file whose compressed elements unpack to more than `MAX_BYTES` in all."""
    order, room, place = ("<" if meta[126:128] == b"IM" else ">"), MAX_BYTES, _MAT_HEADER
    while place + 8 <= len(meta):
        kind, size = struct.unpack_from(f"{order}II", meta, place)
        if kind == _COMPRESSED:
            room -= len(zlib.decompressobj().decompress(meta[place + 8 : place + 8 + size], room + 1))
        if room < 0:
            raise ValueError(f"it unpacks to more than {MAX_BYTES:,} bytes")
        place += 8 + size


def _reader(kit: Path) -> Reader:
    if kit.is_dir():
        return lambda name: _file_of(kit, name)
    members = _unpacked(kit)
    return lambda name: _member(members, kit, name)


def _file_of(kit: Path, name: str) -> bytes:
    try:
        with (kit / name).open("rb") as file:
            return _bounded(file.read(MAX_BYTES + 1), kit)
    except OSError as error:
        raise unreadable(kit / name, error) from error


def _unpacked(kit: Path) -> tarfile.TarFile:
    try:
        with gzip.open(kit) as file:
            return tarfile.open(fileobj=io.BytesIO(_bounded(file.read(MAX_BYTES + 1), kit)))
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise _malformed(kit, f"it cannot be unpacked ({error})") from error


def _member(members: tarfile.TarFile, kit: Path, name: str) -> bytes:
    try:
        found = next(one for one in members if one.isreg() and one.name.removeprefix("./") == f"{FOLDER}/{name}")
        file = members.extractfile(found)
        return file.read() if file else b""
    except (StopIteration, tarfile.TarError, OSError, EOFError) as error:
        raise _malformed(kit, f"{FOLDER}/{name} is not in it") from error


def _bounded(data: bytes, kit: Path) -> bytes:
    if len(data) > MAX_BYTES:
        raise _malformed(kit, f"it holds more than {MAX_BYTES:,} bytes")
    return data


def _malformed(kit: Path, what: str) -> BrokenDataError:
    return BrokenDataError(
        f"{kit} is no development kit of ILSVRC-2012: {what}",
        f"{ARCHIVE} as it is downloaded, or the folder that it unpacks to, with {TRUTH} and {META}",
        "download it again from image-net.org, or use a labels.csv",
    )


DEVKIT = LabelTable("devkit", f"ImageNet's devkit ({FOLDER})", "list", find_devkit, read_devkit)
