"""Uploaded checkpoints, kept in the cache as they came, so that worker processes can read them too."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import threading
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from core.errors import BrokenDataError, PrunescopeError, StorageError
from core.networks.about import NAMES
from core.networks.checkpoint import Checkpoint, read_googlenet
from core.networks.conventions import class_names, feeding_of, identity
from core.networks.files import MOST_BYTES
from core.networks.network import weights_sha256
from core.paths import cache_folder, writable
from core.words import size

_LONGEST, _MOST_NAME_BYTES = 80, 200  # of a stem: disks take 255 bytes, and ".classes.txt" may follow
_NOT_BESIDE = {  # where to say of an upload what is said of other files beside them
    ".classes.txt": "in the class names that are added with it",
    ".json": "in its metadata, or name the network that it is shown images like",
}
_one_at_a_time = threading.Lock()  # each takes several times its size in memory while it is checked


def keep_network(name: str, data: bytes, said: Mapping[str, Any] | None = None, classes: tuple[str, ...] = ()) -> Path:
    """Keep an uploaded checkpoint if it is a GoogLeNet and return its path, which `load_network` takes.

    `said` is what the user says of it, by `NAMES` of `core.networks.about`; it goes beside the file. `classes` are what
    its classes are called if nothing says so and there are as many. Of a network that is kept already the path is
    returned, under the name that it has; the same weights described otherwise are a network of their own. What is kept
    is never changed: runs were made of it. Raises what `read_googlenet`, `class_names` and `feeding_of` raise: nothing
    is kept then; StorageError if the disk does not take it.
    """
    if len(data) > MOST_BYTES:
        raise BrokenDataError(
            f"{name} holds {size(len(data))}", f"at most {size(MOST_BYTES)}", "save the weights alone"
        )
    folder = writable(_folder())
    try:
        with _one_at_a_time, tempfile.TemporaryDirectory(prefix=".upload-", dir=folder) as made:
            file = Path(made) / "network" / _file_name(name)
            file.parent.mkdir()
            file.write_bytes(data)
            return _put(file, folder / _checked(file, name, said or {}, classes))
    except OSError as error:
        raise StorageError(
            f"{name} cannot be kept in {folder} ({error.strerror or error})", "a folder with free space", "make room"
        ) from error


def kept_networks() -> tuple[Path, ...]:
    """Return the checkpoints that are kept, by name."""
    found = (file for file in _folder().glob("[!.]*/*") if file.suffix != ".json" and file.is_file())
    return tuple(sorted(found, key=lambda file: (file.name.lower(), file)))


def same_weights(path: Path) -> tuple[Path, ...]:
    """Return the other kept checkpoints with the weights of this one, which are described otherwise."""
    weights = _weights_of(path)
    return tuple(other for other in kept_networks() if other != path and _weights_of(other) == weights)


def forget_network(path: Path) -> None:
    """Delete a kept checkpoint; what was measured of it stays. A file that is not kept is left alone."""
    if path in kept_networks():
        shutil.rmtree(path.parent, ignore_errors=True)


def _folder() -> Path:
    return cache_folder() / "networks"


def _weights_of(path: Path) -> str:
    return path.parent.name.partition("-")[0]


def _checked(file: Path, name: str, said: Mapping[str, Any], classes: tuple[str, ...]) -> str:
    """Write what is said beside a checkpoint and return its key, or raise what is wrong with it.

    The words of an error call the file by the user's own `name` for it, and nothing lies beside it.
    """
    try:
        _say(file, said)
        checkpoint = read_googlenet(file)
        if not class_names(checkpoint).said and len(classes) == checkpoint.outputs:
            _say(file, {**said, "classes": list(classes)})
            checkpoint = read_googlenet(file)
        return _key(checkpoint)
    except PrunescopeError as error:
        error.given = error.given.replace(str(file), name)
        for suffix, where in _NOT_BESIDE.items():
            error.mend = error.mend.replace(f"in {file.stem}{suffix} beside it", where)
        raise


def _key(checkpoint: Checkpoint) -> str:
    """Return what tells a network from all others: its weights, how it is fed and what its classes are called.

    What is assumed, for nothing is said, is another description than the same that is said.
    """
    names, feeding = class_names(checkpoint), feeding_of(checkpoint)
    weights = weights_sha256(dict(checkpoint.state))
    fed = identity(weights, feeding, checkpoint), feeding.preset.name, feeding.said
    described = json.dumps([fed, names.names, names.numbered])
    return f"{weights[:16]}-{hashlib.sha256(described.encode()).hexdigest()[:12]}"


def _file_name(name: str) -> str:
    """Return a file's own name as it is safe on any disk."""
    own = re.sub(r"[^\w.-]+", "_", re.split(r"[/\\]", name)[-1]).strip("._")
    stem, dot, suffix = own.rpartition(".")
    known = suffix.lower() if re.fullmatch(r"(?!json$)[a-z0-9]{1,12}", suffix.lower(), re.ASCII) and dot else "pth"
    cut = (stem if dot else own)[:_LONGEST].encode()[:_MOST_NAME_BYTES].decode(errors="ignore")
    return f"{cut or 'network'}.{known}"


def _say(file: Path, said: Mapping[str, Any]) -> None:
    values = {name: value for name, value in said.items() if name in NAMES and value is not None}
    if values:
        file.with_suffix(".json").write_text(json.dumps(values), encoding="utf-8")


def _put(file: Path, place: Path) -> Path:
    """Move a checked checkpoint, with what is said of it, to its place, under a name that no other has."""
    there = next((one for one in kept_networks() if one.parent == place), None)
    if there is not None:
        return there
    taken = {one.stem.lower() for one in kept_networks()}
    stems = (file.stem if number == 1 else f"{file.stem}-{number}" for number in count(1))
    stem = next(one for one in stems if one.lower() not in taken)
    for one in list(file.parent.iterdir()):
        one.replace(one.with_name(f"{stem}{one.suffix}"))
    file.parent.replace(place)
    return place / f"{stem}{file.suffix}"
