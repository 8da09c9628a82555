"""The dense networks by name. A new one is one more entry in `NETWORKS`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from torch import Tensor, nn
from torchvision.models import GoogLeNet_Weights

from core.data.preset import Preset
from core.errors import BrokenDataError, InvalidSettingError, MissingFileError
from core.networks.download import RemoteFile, fetch, local_path
from core.networks.files import Checkpoint, read_checkpoint
from core.networks.googlenet import googlenet, googlenet_bvlc
from core.networks.network import (
    BVLC_NORMALISATION,
    IMAGENET_NORMALISATION,
    IMAGENET_PRESET,
    Network,
    Normalisation,
    weights_sha256,
)
from core.paths import DEMO, cache_folder
from core.progress import Progress, silent

DEMO_CHECKPOINT = DEMO / "googlenet-demo.safetensors"
IMAGENET_CLASSES: tuple[str, ...] = tuple(GoogLeNet_Weights.IMAGENET1K_V1.meta["categories"])
IMAGENET_WEIGHTS = RemoteFile("https://download.pytorch.org/models/googlenet-1378be20.pth", 49.7, "1378be20")


@dataclass(frozen=True)
class NetworkEntry:
    """How a named network comes to its weights.

    `find` returns the file if it is at hand, `obtain` gets it if it can; both may be told a file by the user.
    """

    title: str
    find: Callable[[], Path | None]
    obtain: Callable[[Progress], Path]
    needs: str  # what to do where it is not at hand


def _demo(progress: Progress) -> Path:
    if not DEMO_CHECKPOINT.is_file():
        raise MissingFileError(f"there is no {DEMO_CHECKPOINT}", "", "train it: python -m core train-demo")
    return DEMO_CHECKPOINT


def _bvlc_path() -> Path | None:
    path = cache_folder() / "weights" / "googlenet_bvlc.safetensors"
    return path if path.is_file() else None


def _bvlc(progress: Progress) -> Path:
    path = _bvlc_path()
    if path is None:
        raise MissingFileError(
            "googlenet-bvlc has no weights file",
            "a safetensors file with torchvision's key names",
            f"name it (--weights FILE) or put it at {cache_folder() / 'weights' / 'googlenet_bvlc.safetensors'}",
        )
    return path


NETWORKS: dict[str, NetworkEntry] = {
    "demo": NetworkEntry(
        "GoogLeNet demo", lambda: DEMO_CHECKPOINT if DEMO_CHECKPOINT.is_file() else None, _demo, "train it"
    ),
    "googlenet": NetworkEntry(
        "GoogLeNet (ImageNet)",
        lambda: local_path(IMAGENET_WEIGHTS),
        lambda progress: fetch(IMAGENET_WEIGHTS, progress),
        f"{IMAGENET_WEIGHTS.megabytes:.0f} MB are downloaded once",
    ),
    "googlenet-bvlc": NetworkEntry("GoogLeNet 2014 (BVLC)", _bvlc_path, _bvlc, "name its weights file"),
}


def weights_path(name: str, weights: str | Path | None = None, progress: Progress = silent) -> Path:
    """Return the file that holds the weights of the network called `name`, fetching it where that is possible.

    `name` is a key of `NETWORKS` or a file; `weights` names the file of a named network. Raises
    InvalidSettingError for an unknown name, MissingFileError if the file is not to be had.
    """
    if weights:
        _known(name)
        return Path(weights).expanduser()
    if name in NETWORKS:
        return NETWORKS[name].obtain(progress)
    if Path(name).suffix:
        return Path(name).expanduser()
    return _known(name)


def _known(name: str) -> Path:
    if name in NETWORKS or Path(name).suffix:
        return Path(name)
    raise InvalidSettingError(
        f"there is no network {name!r}", f"{', '.join(NETWORKS)} or a .safetensors or .pth file", "choose one of these"
    )


def load_network(name: str, weights: str | Path | None = None, progress: Progress = silent) -> Network:
    """Return the dense network called `name`. The same file gives the same shared object: copy before changing.

    Raises what `weights_path` raises, and BrokenDataError if the file does not hold that architecture.
    """
    path = weights_path(name, weights, progress)
    stamp = path.stat().st_mtime_ns if path.is_file() else 0
    return _load(name, path, stamp)


@lru_cache(maxsize=4)
def _load(name: str, path: Path, stamp: int) -> Network:
    checkpoint = read_checkpoint(path)
    kind = _architecture(name, checkpoint)
    classes = _class_names(checkpoint)
    if kind == "googlenet-bvlc":
        return _network(name, checkpoint, googlenet_bvlc(len(classes)), classes, IMAGENET_PRESET, BVLC_NORMALISATION)
    if "mean" in checkpoint.metadata:
        return _of_our_own(name, checkpoint, classes)
    module = googlenet(len(classes), transform_input=True)
    return _network(name, checkpoint, module, classes, IMAGENET_PRESET, IMAGENET_NORMALISATION)


def _of_our_own(name: str, checkpoint: Checkpoint, classes: tuple[str, ...]) -> Network:
    about = checkpoint.metadata
    normalisation = Normalisation(tuple(json.loads(about["mean"])), tuple(json.loads(about["std"])))
    preset = Preset(resize=int(about["size"]), crop=int(about["size"]))
    return _network(name, checkpoint, googlenet(len(classes)), classes, preset, normalisation)


def _architecture(name: str, checkpoint: Checkpoint) -> str:
    return "googlenet-bvlc" if name == "googlenet-bvlc" or "conv1.conv.bias" in checkpoint.state else "googlenet"


def _class_names(checkpoint: Checkpoint) -> tuple[str, ...]:
    if "classes" in checkpoint.metadata:
        return tuple(json.loads(checkpoint.metadata["classes"]))
    head = checkpoint.state.get("fc.weight")
    count = len(head) if head is not None and head.ndim == 2 else len(IMAGENET_CLASSES)
    return IMAGENET_CLASSES if count == len(IMAGENET_CLASSES) else tuple(f"class {i}" for i in range(count))


def _network(
    name: str,
    checkpoint: Checkpoint,
    module: nn.Module,
    classes: tuple[str, ...],
    preset: Preset,
    normalisation: Normalisation,
) -> Network:
    _fill(module, checkpoint)
    title = NETWORKS[name].title if name in NETWORKS else checkpoint.path.stem
    module.eval().requires_grad_(False)
    return Network(name, title, module, classes, preset, normalisation, weights_sha256(module.state_dict()))


def _fill(module: nn.Module, checkpoint: Checkpoint) -> None:
    """Load the state dict strictly; BrokenDataError lists the keys that are missing, unknown or of another shape."""
    expected: dict[str, Tensor] = module.state_dict()
    faults = {
        "missing": [k for k in expected if k not in checkpoint.state],
        "unknown": [k for k in checkpoint.state if k not in expected],
        "of another shape": [k for k, v in checkpoint.state.items() if k in expected and v.shape != expected[k].shape],
    }
    told = [f"{len(keys)} {what} ({_some(keys)})" for what, keys in faults.items() if keys]
    if told:
        raise BrokenDataError(
            f"{checkpoint.path} is not a GoogLeNet: keys {'; '.join(told)}",
            f"torchvision's {len(expected)} keys of this architecture",
            "choose a GoogLeNet checkpoint, or the network it belongs to",
        )
    module.load_state_dict(checkpoint.state)


def _some(keys: list[str]) -> str:
    return ", ".join(keys[:3]) + (", ..." if len(keys) > 3 else "")
