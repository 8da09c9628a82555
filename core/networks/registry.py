"""The dense networks by name. A new one is one more entry in `NETWORKS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.errors import InvalidSettingError, MissingFileError
from core.networks.checkpoint import Checkpoint, read_googlenet
from core.networks.conventions import class_names, feeding_of, identity
from core.networks.download import RemoteFile, fetch, local_path
from core.networks.googlenet import ARCHITECTURES
from core.networks.network import Network, weights_sha256
from core.paths import DEMO, cache_folder, user_path
from core.progress import Progress, silent

DEMO_CHECKPOINT = DEMO / "googlenet-demo.safetensors"
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


_BVLC_NEEDS = "name its weights file (Weights in Trade-offs, --weights FILE)"

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
    "googlenet-bvlc": NetworkEntry("GoogLeNet 2014 (BVLC)", _bvlc_path, _bvlc, _BVLC_NEEDS),
}


def weights_path(name: str, weights: str | Path | None = None, progress: Progress = silent) -> Path:
    """Return the file that holds the weights of the network called `name`, fetching it where that is possible.

    `name` is a key of `NETWORKS` or a file; `weights` names the file of a named network. Raises
    InvalidSettingError for an unknown name or what can be no path, MissingFileError if the file is not to be had.
    """
    if weights:
        _known(name)
        return user_path(weights)
    if name in NETWORKS:
        return NETWORKS[name].obtain(progress)
    if Path(name).suffix:
        return user_path(name)
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
    return _load(name, path, file_stamp(path))


def file_stamp(path: Path) -> tuple[int, ...]:
    """Return what changes when the file at `path` changes, or what is said of it; () if there is none."""
    files = (path, path.with_suffix(".json"), path.with_name(f"{path.stem}.classes.txt"), path.with_name("classes.txt"))
    states = [file.stat() for file in files if file.is_file()]
    return tuple(value for state in states for value in (state.st_mtime_ns, state.st_size, state.st_ino))


@lru_cache(maxsize=4)
def _load(name: str, path: Path, stamp: tuple[int, ...]) -> Network:
    return network_of(read_googlenet(path, "googlenet-bvlc" if name == "googlenet-bvlc" else None), name)


def network_of(checkpoint: Checkpoint, name: str) -> Network:
    """Return the network in a checkpoint, ready to be shown images.

    BrokenDataError if it is said to have another number of classes than it has outputs.
    """
    classes, feeding = class_names(checkpoint), feeding_of(checkpoint)
    module = ARCHITECTURES[checkpoint.architecture](checkpoint.outputs)
    module.load_state_dict(checkpoint.state)
    module.transform_input = feeding.transform_input
    module.eval().requires_grad_(False)
    return Network(
        name=name,
        title=NETWORKS[name].title if name in NETWORKS else checkpoint.path.stem,
        module=module,
        classes=classes.names,
        preset=feeding.preset,
        normalisation=feeding.normalisation,
        sha256=identity(weights_sha256(module.state_dict()), feeding, checkpoint),
    )
