"""Imagenette: ten easy classes of ImageNet (Howard 2019), downloaded when asked for.

The archive is the one that torchvision names; torchvision's own download can be neither stopped nor taken up again.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.data.folder import open_folder_tree
from core.data.stored import StoredSource
from core.download import download
from core.errors import BrokenDataError, InvalidSettingError, MissingFileError, StorageError
from core.paths import cache_folder, require_room, writable
from core.progress import Progress, now_and_then, silent

IMAGENETTE = "imagenette"
SPLITS = ("train", "val")


@dataclass(frozen=True)
class Archive:
    """An archive on the web: its address, MD5 and size, and the folder that it unpacks to."""

    url: str
    md5: str
    bytes: int
    folder: str

    @property
    def name(self) -> str:
        """The archive's own name."""
        return self.url.rsplit("/", 1)[-1]


# The variant whose shorter side is 320 pixels: larger than what any of the networks is shown.
ARCHIVE = Archive(
    "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-320.tgz",
    "3df6f0d01a2c9592104656642f5e78a3",
    341_663_724,
    "imagenette2-320",
)


def open_imagenette(name: str, path: Path) -> StoredSource:
    """Open a split of what was downloaded; MissingFileError, with how to get it, if that is not here."""
    split = name.strip().partition(":")[2]
    if split not in SPLITS:
        raise InvalidSettingError(
            f"data {name.strip()!r}", " or ".join(f"{IMAGENETTE}:{one}" for one in SPLITS), "name one of these"
        )
    folder = _root(None) / ARCHIVE.folder
    if not folder.is_dir():
        raise _absent(folder.parent, ARCHIVE, "it was not downloaded yet")
    return open_folder_tree(name, folder / split)


def fetch_imagenette(cache: Path | None = None, progress: Progress = silent, archive: Archive = ARCHIVE) -> Path:
    """Return the folder that holds Imagenette's train and val, downloading and unpacking it first where need be.

    The archive is used where it was put by hand. `progress` hears of bytes and may raise to cancel: a later call goes
    on with what is there. MissingFileError if it cannot be had, with what to fetch and where to put it;
    BrokenDataError if it is another one, StorageError if the disk has no room for it. Nothing half-done is ever taken
    for the whole.
    """
    root = _root(cache)
    if not (root / archive.folder).is_dir():
        staging = writable(root / f"{archive.folder}.partial")
        shutil.rmtree(staging / archive.folder, ignore_errors=True)
        _require_room(root, staging, archive)
        _unpack(_at_hand(root, staging, archive, progress), staging, archive, progress)
        (staging / archive.folder).replace(root / archive.folder)
        shutil.rmtree(staging)
    return root / archive.folder


def _root(cache: Path | None) -> Path:
    return (cache or cache_folder()) / "downloads"


def _require_room(root: Path, staging: Path, archive: Archive) -> None:
    """Raise StorageError if there is none for the rest of the archive and for its images, which take as much."""
    here = max(file.stat().st_size if file.is_file() else 0 for file in (root / archive.name, staging / archive.name))
    require_room(staging, 2 * archive.bytes - min(here, archive.bytes), f"fetching and unpacking {archive.name}")


def _at_hand(root: Path, staging: Path, archive: Archive, progress: Progress) -> Path:
    given = root / archive.name
    if given.is_file():
        if not _is_whole(given, archive):
            raise _other(given, archive)
        return given
    file = staging / archive.name
    try:
        download(archive.url, file, size=archive.bytes, progress=progress)
    except OSError as error:
        raise _absent(root, archive, f"it cannot be downloaded ({error})") from error
    if not _is_whole(file, archive):
        file.unlink()
        raise _absent(root, archive, "what comes from there is another file")
    return file


def _is_whole(file: Path, archive: Archive) -> bool:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == archive.md5


def _unpack(file: Path, staging: Path, archive: Archive, progress: Progress) -> None:
    tell = now_and_then(progress)
    try:
        with file.open("rb") as packed, tarfile.open(fileobj=packed, mode="r:gz") as members:
            for member in members:
                _require_own(member, file, archive)
                members.extract(member, staging, set_attrs=False)
                tell(packed.tell(), file.stat().st_size, f"unpacking {archive.name}")
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _other(file, archive) from error
    except OSError as error:
        raise StorageError(
            f"{archive.name} cannot be unpacked in {staging} ({error.strerror or error})",
            "a disk with room that this user may write to",
            "make room or mend the permissions, then try again: what was downloaded is kept",
        ) from error
    if not (staging / archive.folder).is_dir():
        raise _other(file, archive)


def _require_own(member: tarfile.TarInfo, file: Path, archive: Archive) -> None:
    parts = PurePosixPath(member.name).parts
    if not (member.isreg() or member.isdir()) or parts[:1] != (archive.folder,) or ".." in parts:
        raise _other(file, archive)


def _absent(root: Path, archive: Archive, why: str) -> MissingFileError:
    return MissingFileError(
        f"{archive.folder} is not here: {why}",
        f"{archive.name}, {archive.bytes / 1e6:.0f} MB, MD5 {archive.md5}",
        f"Download on the page Data, or `python -m core data {IMAGENETTE}:val --fetch`, gets it; or fetch "
        f"{archive.url} elsewhere and put it at {root / archive.name}, or its folder at {root / archive.folder}",
    )


def _other(file: Path, archive: Archive) -> BrokenDataError:
    return BrokenDataError(
        f"{file} is not {archive.name} as it is published",
        f"the archive with MD5 {archive.md5}",
        "take it away and fetch it again",
    )
