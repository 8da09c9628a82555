"""Take a network of one's own in: from an upload or a file, with what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import BrokenDataError, MissingFileError
from core.networks.about import NAMES
from core.networks.checkpoint import read_googlenet
from core.networks.conventions import class_names
from core.networks.kept import keep_network
from core.networks.network import Network

_MOST_BYTES = 1_000_000  # of a text with class names


def add_upload(
    file_name: str, data: bytes, name: str = "", classes: tuple[str, ...] = (), like: Network | None = None
) -> Path:
    """Keep an uploaded checkpoint and return its path.

    `like` is the network that it was made from: it is fed like that one, and where nothing names its classes and there
    are as many, they are called the same. `classes` come before all other names. Raises what `keep_network` raises.
    """
    return _keep(_renamed(file_name, name), data, {}, classes, like)


def add_file(path: Path, name: str = "", classes: tuple[str, ...] = (), like: Network | None = None) -> Path:
    """Keep a copy of a checkpoint on this machine, with what is said of it beside it, like `add_upload`.

    Raises MissingFileError too.
    """
    checkpoint = read_googlenet(path)  # also checks its size, before all of it is held in memory
    about = asdict(checkpoint.about)
    said = {key: about[key] for key in NAMES if about[key] is not None}
    names = class_names(checkpoint)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MissingFileError(f"{path} cannot be read ({error.strerror})", "", "change its permissions") from error
    return _keep(_renamed(path.name, name), data, said | _classes(names.names if names.said else ()), classes, like)


def names_in(file_name: str, data: bytes) -> tuple[str, ...]:
    """Return the class names in a text, one a line; BrokenDataError if it is none."""
    try:
        text = data.decode("utf-8-sig") if len(data) <= _MOST_BYTES else ""
    except UnicodeDecodeError:
        text = ""
    names = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not names or "\0" in text:
        raise BrokenDataError(
            f"{file_name} names no classes",
            f"a text in UTF-8 of at most {_MOST_BYTES:,} bytes, one name a line in the order of the outputs",
            "save it as such a text",
        )
    return names


def _keep(file_name: str, data: bytes, said: Mapping[str, Any], classes: tuple[str, ...], like: Network | None) -> Path:
    told = {**said, **(_feeding(like) if like else {}), **_classes(classes)}
    return keep_network(file_name, data, told, like.classes if like else ())


def _feeding(network: Network) -> dict[str, Any]:
    """Return how a network is fed, by the names of `core.networks.about`."""
    how, preset = network.normalisation, network.preset
    return {
        "mean": list(how.mean),
        "std": list(how.std),
        "unit": how.unit,
        "size": preset.crop,
        "resize": preset.resize,
        "transform_input": bool(getattr(network.module, "transform_input", False)),
    }


def _classes(names: tuple[str, ...]) -> dict[str, Any]:
    return {"classes": list(names)} if names else {}


def _renamed(file_name: str, name: str) -> str:
    """Return the file's name with another stem, if one is given."""
    stem = name.strip()
    return f"{stem}{Path(file_name).suffix}" if stem else file_name
