"""Read the tensors of a file without running anything that is in it."""

from __future__ import annotations

import argparse
import json
import pickle
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from core.errors import BrokenDataError, MissingFileError
from core.words import size

MOST_BYTES = 1_000_000_000  # GoogLeNet with both heads, optimiser and moving averages in float64 takes a third of it
WRAPPERS = ("state_dict", "model_state_dict", "model", "net")  # under which training scripts keep the weights
RESAVE = "safetensors.torch.save_file(network.state_dict(), 'network.safetensors')"
_HARMLESS = (argparse.Namespace,)  # torchvision's scripts save their options beside the weights
_SAFETENSORS = "a .safetensors file"
_TORCH = "a .pth file of a state dict: parameter names and tensors, no other objects"


@dataclass(frozen=True, eq=False)
class Stored:
    """What a file holds: tensors under the names they have there, and what else it says in plain values."""

    state: dict[str, Tensor]
    said: Mapping[str, Any]
    wrapper: str = ""  # the entry of the file that the tensors were under
    others: tuple[str, ...] = ()  # entries that hold other weights


def read_checkpoint(path: Path) -> Stored:
    """Return what a safetensors file or a weights-only PyTorch file holds, recognised by content.

    Nothing in it is executed. Raises MissingFileError if there is no such file, BrokenDataError if it is neither,
    damaged, or larger than any GoogLeNet.
    """
    head = _head(path)
    begins_like_torch = head.startswith((b"PK\x03\x04", b"\x80"))
    is_torch = head[8:9] != b"{" and (begins_like_torch or path.suffix.lower() != ".safetensors")
    return _weights_only(path) if is_torch else _safetensors(path)


def _head(path: Path) -> bytes:
    if path.is_dir():
        raise BrokenDataError(f"{path} is a folder", f"{_SAFETENSORS}, or {_TORCH}", "name a file in it")
    if not path.is_file():
        raise MissingFileError(f"there is no file {path}", "a .safetensors or .pth file", "check the path")
    _check_size(path, path.stat().st_size)
    try:
        with path.open("rb") as file:
            return file.read(9)
    except OSError as error:
        raise MissingFileError(f"{path} cannot be read ({error.strerror})", "", "change its permissions") from error


def _check_size(path: Path, bytes_in_it: int) -> None:
    if bytes_in_it == 0:
        raise BrokenDataError(f"{path} is empty", f"{_SAFETENSORS}, or {_TORCH}", "fetch it again")
    if bytes_in_it > MOST_BYTES:
        raise BrokenDataError(
            f"{path} holds {size(bytes_in_it)}",
            f"at most {size(MOST_BYTES)}: a GoogLeNet is far smaller",
            f"use {RESAVE}",
        )


def _safetensors(path: Path) -> Stored:
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return Stored(tensors, {key: _plain(text) for key, text in (file.metadata() or {}).items()})
    except (SafetensorError, OSError) as error:
        raise BrokenDataError(
            f"{path} is not a whole safetensors file ({error})", "a file written by safetensors", "fetch it again"
        ) from error


def _plain(text: str) -> Any:
    """Return a metadata text as the JSON value that it is; any other text as it is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _weights_only(path: Path) -> Stored:
    try:
        _check_archive(path)
        with path.open("rb") as file, torch.serialization.safe_globals(list(_HARMLESS)):
            content = torch.load(file, map_location="cpu", weights_only=True)
    except (BrokenDataError, MemoryError):
        raise
    except Exception as error:  # torch's unpickler raises nearly every built-in type on damaged bytes
        raise _unreadable(path, error) from error
    return _unwrapped(path, content)


def _check_archive(path: Path) -> None:
    """Refuse an archive by its directory: one that would grow in memory, and a TorchScript program."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    _check_size(path, sum(entry.file_size for entry in entries))
    if any(entry.filename.endswith("/constants.pkl") for entry in entries):
        raise _foreign(path, "a TorchScript program")


def _unreadable(path: Path, error: Exception) -> BrokenDataError:
    """Say why a PyTorch file was not read: an object of a foreign type is named, and how to do without it."""
    foreign = re.search(r"GLOBAL ([\w.]+)", str(error))
    if foreign:
        return _foreign(path, f"objects of {foreign[1]}, which could run code")
    if isinstance(error, pickle.UnpicklingError):
        return _foreign(path, "a pickle that torch.save did not write")
    reason = (str(error) or type(error).__name__).splitlines()[0].partition(". ")[0]
    return BrokenDataError(f"{path} cannot be read as weights alone ({reason})", _TORCH, f"save it again: {RESAVE}")


def _foreign(path: Path, what: str) -> BrokenDataError:
    return BrokenDataError(
        f"{path} cannot be read as weights alone: it holds {what}",
        _TORCH,
        f"where you trust the file, load it yourself and save the weights alone: {RESAVE}",
    )


def _unwrapped(path: Path, content: object) -> Stored:
    """Find the tensors: the content itself, or what lies under one of `WRAPPERS`, or under two of them."""
    if _is_state(content):
        return Stored(_checked(path, content), {})
    inner = _states(content)
    if len(inner) != 1:
        found = f"weights under {' and '.join(inner)}" if inner else "no state dict"
        allowed = f"{_TORCH}, itself or under {', '.join(WRAPPERS)}"
        raise BrokenDataError(f"{path} holds {found}", allowed, f"save the weights alone: {RESAVE}")
    wrapper, state = inner.popitem()
    around = _around(content, wrapper.split(".")[:-1])
    said = {name: value for one in around for name, value in one.items() if isinstance(name, str)}
    others = tuple(name for name, value in said.items() if _is_state(value) and value is not state)
    return Stored(_checked(path, state), said, wrapper, others)


def _states(content: object, depth: int = 2) -> dict[str, Mapping[str, Tensor]]:
    """Return what lies under WRAPPERS in as many levels: "state_dict", "model.state_dict"."""
    found: dict[str, Mapping[str, Tensor]] = {}
    if not isinstance(content, Mapping) or not depth:
        return found
    for name in WRAPPERS:
        value = content.get(name)
        inner = {f"{name}.{within}": state for within, state in _states(value, depth - 1).items()}
        found |= {name: value} if _is_state(value) else inner
    return found


def _around(content: Any, names: Sequence[str]) -> list[Mapping[Any, Any]]:
    """Return the entries of a file on the way to its weights, the outermost first."""
    return [content, *(_around(content[names[0]], names[1:]) if names else [])]


def _is_state(content: object) -> TypeGuard[Mapping[str, Tensor]]:
    if not isinstance(content, Mapping) or not content:
        return False
    return all(isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items())


def _checked(path: Path, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Refuse tensors that claim more values than the file holds: a stride of 0 makes a terabyte of four bytes."""
    wrong = [name for name, value in state.items() if not _is_whole(value)]
    if wrong:
        raise BrokenDataError(
            f"{path} holds {wrong[0]!r} not as plain values in memory",
            "dense tensors, each of its own",
            f"use {RESAVE}",
        )
    return dict(state)


def _is_whole(value: Tensor) -> bool:
    plain = value.layout == torch.strided and not value.is_quantized and value.device.type == "cpu"
    return plain and value.numel() * value.element_size() <= value.untyped_storage().nbytes()
