"""Images per second of a pruned network: ours from the packed array, against torchvision's reference loop.

The reference is what torchvision's own evaluation script does: ImageFolder, the network's preset as transforms, a
DataLoader with a process per core, torchvision's GoogLeNet as it is built there, eager, in inference mode. Both
see the same images and the same pruned weights. Speed does not depend on what the weights are, so the network at
224 px needs no download: it is the architecture with random weights.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.models import GoogLeNet
from torchvision.transforms._presets import ImageClassification

from core.benchmarks.timing import Comparison, compare
from core.data.folder import open_folder_tree
from core.data.pack import Pack, pack
from core.data.preset import Preset
from core.data.scenes import ScenesSource
from core.evaluation.predict import Predictor, predict
from core.networks.googlenet import googlenet
from core.networks.network import IMAGENET_NORMALISATION, IMAGENET_PRESET, Network, weights_sha256
from core.progress import Progress, silent
from core.pruning.masks import make_masks, pruned_copy
from core.pruning.settings import Pruning

PRUNING = Pruning("unstructured", rate=0.5)
AGAINST = "torchvision's reference loop (ImageFolder, preset, DataLoader with all cores, eager)"
BATCH = {"cpu": 32, "cuda": 256}


@dataclass(frozen=True)
class _Case:
    name: str
    preset: Preset
    picture: tuple[int, int]  # width and height of the files
    classes: int


def _cases(native: int) -> tuple[_Case, ...]:
    return (
        _Case("evaluate, 224 px", IMAGENET_PRESET, (500, 375), 1000),  # ImageNet's usual picture
        _Case(f"evaluate, demo, {native} px", Preset(native, native), (native, native), len(ScenesSource().classes)),
    )


def bench_evaluate(device: str, images: int = 256, progress: Progress = silent) -> Iterator[Comparison]:
    """Yield one comparison a size, in images per second."""
    source = ScenesSource()
    for done, case in enumerate(_cases(source.image(0).width)):
        progress(done, 2, case.name)
        with tempfile.TemporaryDirectory() as folder:
            write_pictures(Path(folder) / "images", source, images, case.picture)
            yield _compare(case, Path(folder), torch.device(device))


def write_pictures(folder: Path, source: ScenesSource, images: int, size: tuple[int, int]) -> None:
    """Write the first scenes as JPEG files of this width and height, a folder a class."""
    for index in range(images):
        place = folder / f"{source.labels[index]:03d}"
        place.mkdir(parents=True, exist_ok=True)
        source.image(index).resize(size, Image.Resampling.BICUBIC).save(place / f"{index}.jpg", quality=90)


def _compare(case: _Case, folder: Path, device: torch.device) -> Comparison:
    torch.manual_seed(0)
    dense = googlenet(case.classes, initialise=True).eval().requires_grad_(False)
    pruned = pruned_copy(dense, make_masks(dense, PRUNING))
    network = _network(case, pruned)
    packed = pack(open_folder_tree(str(folder / "images"), folder / "images"), case.preset, cache=folder)
    predictor = Predictor.of(network, pruned, device)
    plain, loader = _reference_network(case, pruned).to(device), _reference_loader(case, folder / "images", device)
    return compare(
        case.name,
        lambda: _ours(predictor, packed, BATCH[device.type]),
        lambda: _reference(plain, loader, device),
        against=AGAINST,
        unit="images/s",
        device=device_name(device),
    )


def _network(case: _Case, module: nn.Module) -> Network:
    names = tuple(map(str, range(case.classes)))
    sha = weights_sha256(module.state_dict())
    return Network("bench", case.name, module, names, case.preset, IMAGENET_NORMALISATION, sha)


def _ours(predictor: Predictor, packed: Pack, batch: int) -> int:
    for start in range(0, len(packed.order), batch):
        predict(predictor, packed, packed.order[start : start + batch])
    return len(packed.order)


def _reference_network(case: _Case, pruned: nn.Module) -> GoogLeNet:
    plain = GoogLeNet(case.classes, aux_logits=False, init_weights=False)
    plain.load_state_dict(pruned.state_dict())
    return plain.eval()


def _reference_loader(case: _Case, folder: Path, device: torch.device) -> DataLoader[tuple[torch.Tensor, int]]:
    preset = ImageClassification(crop_size=case.preset.crop, resize_size=case.preset.resize or case.preset.crop)
    return DataLoader(
        ImageFolder(str(folder), preset),
        batch_size=BATCH[device.type],
        num_workers=os.cpu_count() or 1,
        pin_memory=device.type == "cuda",
    )


def _reference(network: nn.Module, loader: DataLoader[tuple[torch.Tensor, int]], device: torch.device) -> int:
    right = seen = 0
    with torch.inference_mode():
        for images, labels in loader:
            logits = network(images.to(device, non_blocking=True))
            right += int((logits.argmax(1).cpu() == labels).sum())
            seen += len(labels)
    return seen


def device_name(device: torch.device) -> str:
    """Return what a device is called, with what else decides its speed."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {os.cpu_count()} cores, {torch.get_num_threads()} threads"
