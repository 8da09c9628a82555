"""Fetch torchvision's ImageNet weights once, with progress and a check of their hash."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import torch

from core.download import download
from core.errors import BrokenDataError, MissingFileError
from core.paths import cache_folder, writable
from core.progress import Progress, silent


@dataclass(frozen=True)
class RemoteFile:
    """A file to be had from the web: its address, size in MB and the first digits of its SHA-256."""

    url: str
    megabytes: float
    sha256_prefix: str

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.url.rsplit("/", 1)[-1]


def local_path(remote: RemoteFile) -> Path | None:
    """Return where the file lies: in our cache or, from earlier work, in torch's; None if nowhere."""
    folders = (cache_folder() / "weights", Path(torch.hub.get_dir()) / "checkpoints")
    return next((folder / remote.name for folder in folders if (folder / remote.name).is_file()), None)


def fetch(remote: RemoteFile, progress: Progress = silent) -> Path:
    """Return the file's path, downloading it first where it is not there yet.

    Raises MissingFileError if it cannot be had, and says where to put it by hand; BrokenDataError if what came is
    not the file, StorageError if the disk has no room for it.
    """
    found = local_path(remote)
    if found is not None:
        return found
    target = writable(cache_folder() / "weights") / remote.name
    part = target.with_suffix(f".part{os.getpid()}")
    try:
        download(remote.url, part, progress=progress)
        _check(remote, part)
        return part.replace(target)
    except OSError as error:
        raise _cannot_be_had(remote, target, error) from error
    finally:
        part.unlink(missing_ok=True)


def _check(remote: RemoteFile, part: Path) -> None:
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest.startswith(remote.sha256_prefix):
        return
    raise BrokenDataError(
        f"{remote.url} gave a file whose SHA-256 begins with {digest[:8]}", remote.sha256_prefix, "try again later"
    )


def _cannot_be_had(remote: RemoteFile, target: Path, error: Exception) -> MissingFileError:
    return MissingFileError(
        f"{remote.name} is not here and cannot be downloaded ({error})",
        f"the file {remote.name}, {remote.megabytes:.1f} MB, SHA-256 beginning with {remote.sha256_prefix}",
        f"fetch {remote.url} on another machine and put it at {target}; the other networks work without it",
    )
