"""DreamSim (Fu et al. 2023, arXiv 2306.09344), of all encoders the one that agrees best with people. Optional."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from safetensors import SafetensorError

from core.errors import BrokenDataError, MissingFileError
from core.paths import cache_folder, writable
from core.units.study import Encoding

if TYPE_CHECKING:
    from torch import Tensor

    from core.interpretability.encoders.encoder import Encoder
    from core.networks.network import Network

DINO_CODE = "https://github.com/facebookresearch/dino/zipball/main"  # as torch.hub fetches it
DINO_WEIGHTS = "https://dl.fbaipublicfiles.com/dino/dino_vitbase16_pretrain/dino_vitbase16_pretrain.pth"
REQUIREMENTS = "requirements-dreamsim.txt"
DAMAGED = (BadZipFile, UnpicklingError, SafetensorError, EOFError, KeyError, RuntimeError, ValueError)
KIND = "ensemble"  # the one its authors recommend: DINO, CLIP and OpenCLIP ViT-B/16 together
UNUSED = ".extractor_list.0.proj."  # the head of DINO, which takes no part in it and is in part random


def resolve_dreamsim(encoding: Encoding) -> Encoding:
    """Return the encoding; MissingFileError if the package is not installed."""
    if find_spec("dreamsim") is None:
        raise MissingFileError(
            "the encoder dreamsim needs the package dreamsim, which is not installed",
            f"the packages of {REQUIREMENTS}",
            f"pip install -r {REQUIREMENTS}, or choose another encoder",
        )
    return Encoding(encoding.name)


def weights_folder() -> Path:
    """Return where DreamSim's weights lie, or would."""
    return cache_folder() / "weights" / "dreamsim"


def load_dreamsim(encoding: Encoding, network: Network, device: str) -> Encoder:
    """Return the encoder, with weights that are downloaded once.

    Raises MissingFileError if the package or the weights are not to be had, BrokenDataError if the weights that are
    there cannot be read.
    """
    resolve_dreamsim(encoding)
    from core.interpretability.encoders.encoder import Encoder
    from core.networks.network import weights_sha256

    model, prepare = _loaded(writable(weights_folder()), device)

    def features(pixels: Tensor) -> Tensor:
        rows: Tensor = model.embed(_prepared(pixels, prepare).to(device))
        return rows

    state = {name: value for name, value in model.state_dict().items() if UNUSED not in name}
    return Encoder(encoding.name, weights_sha256(state), device, features)


def _prepared(pixels: Tensor, prepare: Callable[[Any], Tensor]) -> Tensor:
    """Return the images as DreamSim's own preparation gives them: (n, 3, 224, 224), 0..1."""
    import torch
    from PIL import Image

    return torch.cat([prepare(Image.fromarray(image)) for image in pixels.cpu().numpy()])


def _loaded(folder: Path, device: str) -> tuple[Any, Callable[[Any], Tensor]]:
    """Return DreamSim's model and its preparation of images; its messages go to standard error."""
    package, config = import_module("dreamsim"), import_module("dreamsim.config")
    try:
        with redirect_stdout(sys.stderr), _own_hub():
            model, prepare = package.dreamsim(device=device, cache_dir=str(folder), dreamsim_type=KIND)
    except OSError as error:
        raise _cannot_be_had(config.dreamsim_weights[KIND], folder, error) from error
    except DAMAGED as error:
        raise _cannot_be_read(folder, error) from error
    return model, prepare


@contextmanager
def _own_hub() -> Iterator[None]:
    """Keep torch's own folder of downloads, in place of which DreamSim sets its own for the whole process."""
    import torch

    folder = torch.hub.get_dir()
    try:
        yield
    finally:
        torch.hub.set_dir(folder)


def _cannot_be_had(url: str, folder: Path, error: Exception) -> MissingFileError:
    return MissingFileError(
        f"DreamSim's weights are not here and cannot be downloaded ({error})",
        f"in {folder}: what {url.rsplit('/', 1)[-1]} holds, and DINO's code and weights",
        f"fetch on another machine {url}, to be unpacked in that folder, {DINO_CODE}, to be unpacked and renamed "
        f"facebookresearch_dino_main there, and {DINO_WEIGHTS}, to be put into its folder checkpoints; the other "
        "encoders work without them",
    )


def _cannot_be_read(folder: Path, error: Exception) -> BrokenDataError:
    return BrokenDataError(
        f"DreamSim's weights in {folder} cannot be read ({str(error).splitlines()[0] if str(error) else 'damaged'})",
        "the files as they were downloaded",
        "delete that folder: they are downloaded anew",
    )
