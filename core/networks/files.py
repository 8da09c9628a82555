"""Read checkpoints without running anything that is in them."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from core.errors import BrokenDataError, MissingFileError


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a file (float32) and what the file says of itself."""

    path: Path
    state: dict[str, Tensor]
    metadata: dict[str, str]


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a safetensors file, or a `.pth` that holds tensors alone; auxiliary heads are left out.

    Raises MissingFileError if there is no such file, BrokenDataError if it is neither or is damaged.
    """
    if not path.is_file():
        raise MissingFileError(f"there is no file {path}", "a .safetensors or .pth file", "check the path")
    tensors, metadata = _safetensors(path) if path.suffix == ".safetensors" else (_weights_only(path), {})
    state = {name: value.float() for name, value in tensors.items() if not name.startswith(("aux1.", "aux2."))}
    return Checkpoint(path, state, metadata)


def _safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise BrokenDataError(
            f"{path} is not a whole safetensors file ({error})", "a file written by safetensors", "fetch it again"
        ) from error


def _weights_only(path: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        reason = (str(error) or "it is empty").splitlines()[0]
        raise BrokenDataError(
            f"{path} cannot be read as weights alone ({reason})",
            "a state dict: parameter names and tensors, no other objects",
            "save it again with safetensors.torch.save_file(network.state_dict(), ...)",
        ) from error
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise BrokenDataError(f"{path} holds no state dict", "parameter names and tensors", "save network.state_dict()")
    return content
