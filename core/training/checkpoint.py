"""Where a training stands, on the disk: whole or not at all, the one before it kept, damage noticed."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import pickle
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from core.errors import StorageError
from core.paths import writable

FORMAT = 1
_DIGEST = 32  # bytes of SHA-256 before the content: torch's own files do not notice a changed byte
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoints:
    """The last two checkpoints of one training; `identity` says which training that is."""

    folder: Path
    identity: str

    @property
    def last(self) -> Path:
        """The file of the last one."""
        return self.folder / "training.checkpoint"

    @property
    def previous(self) -> Path:
        """The file of the one before."""
        return self.folder / "training.previous.checkpoint"

    def save(self, content: dict[str, Any]) -> None:
        """Write tensors and plain values; StorageError if that fails, and what was there before is there still."""
        partial = writable(self.folder) / "training.checkpoint.partial"
        try:
            _write(partial, _packed(content | {"format": FORMAT, "identity": self.identity}))
            with suppress(FileNotFoundError):
                self.last.replace(self.previous)
            partial.replace(self.last)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise _not_written(self.folder, error) from error

    def load(self) -> dict[str, Any] | None:
        """Return the last whole checkpoint of this training, its tensors on the CPU; None if there is none.

        A damaged file is renamed to `*.damaged` and the one before is taken; another training's is left alone.
        """
        for file in (self.last, self.previous):
            content = _read(file) if file.is_file() else None
            if content is not None and (content["format"], content["identity"]) == (FORMAT, self.identity):
                return content
        return None


def _packed(content: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _write(file: Path, payload: bytes) -> None:
    with file.open("wb") as opened:
        opened.write(hashlib.sha256(payload).digest() + payload)
        opened.flush()
        os.fsync(opened.fileno())


def _read(file: Path) -> dict[str, Any] | None:
    """Return what is in the file; None, and the file set aside, if it is not what was written."""
    data = file.read_bytes()
    digest, payload = data[:_DIGEST], data[_DIGEST:]
    with suppress(pickle.UnpicklingError, RuntimeError, EOFError, ValueError):
        if hashlib.sha256(payload).digest() == digest:
            content: dict[str, Any] = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
            return content
    aside = file.with_name(file.name + ".damaged")
    file.replace(aside)
    _log.warning("%s is damaged: kept as %s, the checkpoint before it is taken", file, aside.name)
    return None


def _not_written(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"the checkpoint could not be written to {folder} ({error.strerror or error})",
        "a disk with room that this user may write to",
        "make room or mend the permissions, then run it again: it goes on from the checkpoint before",
    )
