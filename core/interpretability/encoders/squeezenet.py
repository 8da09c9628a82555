"""SqueezeNet 1.1 (Iandola et al. 2016, arXiv 1602.07360) with the weights of a file that the user gives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import BrokenDataError, InvalidSettingError
from core.units.study import Encoding

if TYPE_CHECKING:
    from torch import Tensor, nn

    from core.interpretability.encoders.encoder import Encoder
    from core.networks.network import Network

SIZE = 224  # pixels, as it was trained


def resolve_squeezenet(encoding: Encoding) -> Encoding:
    """Return the encoding with the SHA-256 of the weights in its file.

    Raises InvalidSettingError if no file is named, MissingFileError if it is not there, BrokenDataError if it holds
    something else, or other weights than those whose SHA-256 the encoding has already.
    """
    from core.networks.network import weights_sha256

    sha256 = weights_sha256(_state(encoding))
    _check_unchanged(encoding, sha256)
    return Encoding(encoding.name, encoding.file, sha256)


def load_squeezenet(encoding: Encoding, network: Network, device: str) -> Encoder:
    """Return the encoder that gives the 512 numbers of the last features, averaged over the image.

    Images of another size than 224 px are resized, bilinear. Raises what `resolve_squeezenet` raises.
    """
    import torch
    from torch.nn.functional import interpolate

    from core.interpretability.encoders.encoder import Encoder
    from core.networks.network import IMAGENET_NORMALISATION, weights_sha256

    state = _state(encoding)
    sha256 = weights_sha256(state)
    _check_unchanged(encoding, sha256)
    module = _architecture()
    module.load_state_dict(state)
    layers = module.get_submodule("features").eval().requires_grad_(False).to(torch.device(device))

    def features(pixels: Tensor) -> Tensor:
        inputs = IMAGENET_NORMALISATION(pixels)
        if inputs.shape[-1] != SIZE:
            inputs = interpolate(inputs, size=(SIZE, SIZE), mode="bilinear", antialias=True)
        pooled: Tensor = layers(inputs).mean((2, 3))
        return pooled

    return Encoder(encoding.name, sha256, device, features)


def _architecture() -> nn.Module:
    from torchvision.models import squeezenet1_1

    module: nn.Module = squeezenet1_1()
    return module


def _state(encoding: Encoding) -> dict[str, Tensor]:
    from core.networks.files import read_checkpoint

    if not encoding.file:
        raise InvalidSettingError(
            "the encoder squeezenet without a file",
            "a safetensors file with torchvision's key names of SqueezeNet 1.1",
            "name its weights file, or choose another encoder",
        )
    state = read_checkpoint(Path(encoding.file).expanduser()).state
    _check(encoding.file, state)
    return state


def _check(file: str, state: dict[str, Tensor]) -> None:
    """Raise BrokenDataError unless the state is one of SqueezeNet 1.1, all of it finite."""
    expected = {name: value.shape for name, value in _architecture().state_dict().items()}
    odd = [name for name in {**expected, **state} if name not in state or state[name].shape != expected.get(name)]
    if odd:
        raise _unfit(file, f"is not a SqueezeNet 1.1: {len(odd)} keys are missing, unknown or of another shape", odd)
    unfit = [name for name, value in state.items() if not value.isfinite().all()]
    if unfit:
        raise _unfit(file, f"holds numbers that are not finite in {len(unfit)} of its tensors", unfit)


def _unfit(file: str, fault: str, names: list[str]) -> BrokenDataError:
    some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return BrokenDataError(
        f"{file} {fault} ({some})",
        "torchvision's 52 keys of squeezenet1_1, finite numbers",
        "choose another file, or another encoder",
    )


def _check_unchanged(encoding: Encoding, sha256: str) -> None:
    if encoding.sha and encoding.sha != sha256:
        raise BrokenDataError(
            f"{encoding.file} has changed since the study was asked for",
            f"weights whose SHA-256 begins with {encoding.sha[:8]}",
            "put the file back, or ask anew: other weights make another study",
        )
