"""Tallies on the disk: whole or not at all, damage noticed, nothing unpickled."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from core.errors import StorageError
from core.interpretability.units.tally import Tally
from core.paths import writable

FORMAT = "1"  # raised when a file comes to mean something else
_log = logging.getLogger(__name__)

About = Mapping[str, str]  # which pass over which images of which network a tally is of


def save_tally(file: Path, tally: Tally, about: About) -> None:
    """Write a tally; StorageError if that fails, and what was there before is there still."""
    tensors = {name: tensor.cpu() for name, tensor in tally.tensors().items()}
    partial = writable(file.parent) / f"{file.name}.partial"
    try:
        save_file(tensors, partial, {**about, "format": FORMAT, "sha256": _digest(tensors, about)})
        _flush(partial)
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StorageError(
            f"{file} could not be written ({error.strerror or error})",
            "a disk with room that this user may write to",
            "make room or mend the permissions, then run it again: it goes on from what was written before",
        ) from error


def load_tally(file: Path) -> tuple[Tally, dict[str, str]] | None:
    """Return the tally in a file, on the CPU, and what it is of; None if there is none, or not as it was written."""
    with suppress(OSError, SafetensorError, KeyError, TypeError):
        with safe_open(file, "pt") as opened:
            about = dict(opened.metadata() or {})
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  # no mapping
        written, version = about.pop("sha256"), about.pop("format")
        if version == FORMAT and written == _digest(tensors, about):
            return Tally(**tensors), about
    return None


def set_aside(file: Path, reason: str) -> None:
    """Rename a file that cannot be gone on from."""
    aside = file.with_name(f"{file.name}.aside")
    file.replace(aside)
    _log.warning("%s %s: kept as %s, done again", file, reason, aside.name)


def _digest(tensors: Mapping[str, Tensor], about: About) -> str:
    digest = hashlib.sha256(json.dumps(dict(about), sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].dtype} {tuple(tensors[name].shape)}".encode())
        digest.update(tensors[name].numpy().data)
    return digest.hexdigest()


def _flush(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
