"""Tallies on the disk: whole or not at all, damage noticed, nothing unpickled."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from core.errors import StorageError
from core.interpretability.units.tally import Tally, same_layout
from core.paths import writable
from core.units.study import UnitStudy

FORMAT = "1"  # raised when a file comes to mean something else
_WHOLE, _PART = ".safetensors", ".part"
_log = logging.getLogger(__name__)

About = Mapping[str, str]  # which network's units a tally is of, and over which images


@dataclass(frozen=True)
class TallyFiles:
    """The tallies of one network in a folder that keep what a study keeps, by how many images they are over."""

    folder: Path
    study: UnitStudy

    @property
    def whole(self) -> Path:
        """The file of the study's own tally, once it is finished."""
        return self._file(str(self.study.images), _WHOLE)

    def save(self, tally: Tally, about: About) -> None:
        """Write a tally, finished or on the way, and delete the parts that it goes on from; StorageError."""
        images = tally.images
        file = self.whole if images == self.study.images else self._file(str(images), _PART)
        _write(file, tally, about)
        for older in self._usable():
            if older.suffix == _PART and older != file:
                older.unlink(missing_ok=True)

    def furthest(self, about: About, empty: Tally) -> Tally:
        """Return the tally over the most images that the study can go on from; `empty` if there is none.

        One that is damaged, about something else or laid out otherwise than `empty` is set aside. StorageError.
        """
        for file in self._usable():
            found = read_tally(file)
            if found is not None and found[1] == about and same_layout(found[0], empty):
                return found[0]
            _set_aside(file)
        return empty

    def _usable(self) -> list[Path]:
        """Return the files over no more images than the study's, most images first."""
        files = [file for end in (_WHOLE, _PART) for file in self.folder.glob(self._file("*", end).name)]
        images = {file: int(file.stem.rpartition("-")[2]) for file in files}
        return sorted((file for file in files if images[file] <= self.study.images), key=lambda file: -images[file])

    def _file(self, images: str, end: str) -> Path:
        return self.folder / f"{self.study.at}-{self.study.keep}-{self.study.seed}-{images}{end}"


def read_tally(file: Path) -> tuple[Tally, dict[str, str]] | None:
    """Return the tally in a file, on the CPU, and what it is about; None if it is not there as it was written."""
    with suppress(OSError, SafetensorError, KeyError, TypeError):
        with safe_open(file, "pt") as opened:
            about = dict(opened.metadata() or {})
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  # no mapping
        written, version = about.pop("sha256"), about.pop("format")
        if version == FORMAT and written == _digest(tensors, about):
            return Tally(**tensors), about
    return None


def _write(file: Path, tally: Tally, about: About) -> None:
    tensors = {name: tensor.cpu() for name, tensor in tally.tensors().items()}
    partial = writable(file.parent) / f"{file.name.rpartition('-')[0]}.partial"  # a kill leaves one at most
    try:
        save_file(tensors, partial, {**about, "format": FORMAT, "sha256": _digest(tensors, about)})
        _flush(partial)
        partial.replace(file)
    except (OSError, SafetensorError) as error:
        partial.unlink(missing_ok=True)
        raise StorageError(
            f"{file} could not be written ({error})",
            "a disk with room that this user may write to",
            "make room or mend the permissions, then run it again: it goes on from what was written before",
        ) from error


def _flush(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _set_aside(file: Path) -> None:
    aside = file.with_name(f"{file.name}.aside")
    try:
        file.replace(aside)
    except OSError as error:
        raise StorageError(
            f"{file} cannot be renamed ({error.strerror})", "a folder this user may write to", "mend its permissions"
        ) from error
    _log.warning("%s is damaged, or of other weights or images: kept as %s, done again", file, aside.name)


def _digest(tensors: Mapping[str, Tensor], about: About) -> str:
    digest = hashlib.sha256(json.dumps(dict(about), sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].dtype} {tuple(tensors[name].shape)}".encode())
        digest.update(tensors[name].numpy().data)
    return digest.hexdigest()
