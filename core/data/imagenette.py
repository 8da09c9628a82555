"""Imagenette: ten easy classes of ImageNet (Howard 2019), downloaded by torchvision's tools when asked for."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.data.folder import open_folder_tree
from core.data.stored import StoredSource
from core.errors import BrokenDataError, InvalidSettingError, MissingFileError
from core.paths import cache_folder, writable
from core.progress import Progress, silent

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


def open_imagenette(name: str, path: Path, classes: int | None = None) -> StoredSource:
    """Open a split of what was downloaded; MissingFileError, with how to get it, if that is not here."""
    split = name.strip().partition(":")[2]
    if split not in SPLITS:
        raise InvalidSettingError(
            f"data {name.strip()!r}", " or ".join(f"{IMAGENETTE}:{one}" for one in SPLITS), "name one of these"
        )
    folder = _root(None) / ARCHIVE.folder
    if not folder.is_dir():
        raise _absent(folder.parent, ARCHIVE, "it was not downloaded yet")
    return open_folder_tree(name, folder / split, classes)


def fetch_imagenette(cache: Path | None = None, progress: Progress = silent, archive: Archive = ARCHIVE) -> Path:
    """Return the folder that holds Imagenette's train and val, downloading and unpacking it first where need be.

    The archive is used where it was put by hand. MissingFileError if it cannot be had, with what to fetch and where to
    put it; BrokenDataError if it is another one. Nothing half-done is ever taken for the whole.
    """
    root = _root(cache)
    if not (root / archive.folder).is_dir():
        staging = writable(root / f"{archive.folder}.partial")
        _unpack(_at_hand(root, staging, archive, progress), staging, archive)
        (staging / archive.folder).replace(root / archive.folder)
        shutil.rmtree(staging)
    return root / archive.folder


def _root(cache: Path | None) -> Path:
    return (cache or cache_folder()) / "downloads"


def _at_hand(root: Path, staging: Path, archive: Archive, progress: Progress) -> Path:
    from torchvision.datasets.utils import check_integrity, download_url

    given = root / archive.name
    if given.is_file():
        if not check_integrity(given, archive.md5):
            raise _other(given, archive)
        return given
    try:
        with _watched(staging / archive.name, archive, progress):
            download_url(archive.url, staging, md5=archive.md5)
    except (OSError, RuntimeError) as error:  # RuntimeError: what came has another MD5
        raise _absent(root, archive, f"it cannot be downloaded ({error})") from error
    return staging / archive.name


def _unpack(file: Path, staging: Path, archive: Archive) -> None:
    from torchvision.datasets.utils import extract_archive

    shutil.rmtree(staging / archive.folder, ignore_errors=True)
    extract_archive(file, staging)
    if not (staging / archive.folder).is_dir():
        raise _other(file, archive)


@contextmanager
def _watched(file: Path, archive: Archive, progress: Progress) -> Iterator[None]:
    """Tell twice a second how much of a file is there: torchvision itself tells nobody but the terminal."""
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(file, archive, progress, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(file: Path, archive: Archive, progress: Progress, done: threading.Event) -> None:
    while True:
        size = file.stat().st_size if file.is_file() else 0
        progress(size, max(size, archive.bytes), f"downloading {archive.name}")
        if done.wait(0.5):
            return


def _absent(root: Path, archive: Archive, why: str) -> MissingFileError:
    return MissingFileError(
        f"{archive.folder} is not here: {why}",
        f"{archive.name}, {archive.bytes / 1e6:.0f} MB, MD5 {archive.md5}",
        f"`python -m core data {IMAGENETTE}:val --fetch` downloads it; or fetch {archive.url} elsewhere and put it at "
        f"{root / archive.name}, or its folder at {root / archive.folder}",
    )


def _other(file: Path, archive: Archive) -> BrokenDataError:
    return BrokenDataError(
        f"{file} is not {archive.name} as it is published",
        f"the archive with MD5 {archive.md5}",
        "take it away and fetch it again",
    )
