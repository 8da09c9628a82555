"""Training steps per second: ours, masks held, against a plain torchvision training loop on the same machine.

The reference is torchvision's GoogLeNet as it is built there, eager, with cross entropy and SGD; with the loader also
ImageFolder, RandomResizedCrop, a flip, and a DataLoader with a process per core, as torchvision's own training script
has them. Both get the same number of images a step, in the same precision. On given tensors ours begins with the
bytes of the pixels on the device, the reference with normalised numbers.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, RandomSampler
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.models import GoogLeNet

from core.benchmarks.evaluate import device_name, write_pictures
from core.benchmarks.timing import Comparison, compare
from core.data.folder import open_folder_tree
from core.data.preset import Preset
from core.data.scenes import ScenesSource
from core.data.source import Source
from core.networks.googlenet import googlenet
from core.networks.network import IMAGENET_NORMALISATION, IMAGENET_PRESET, Network, weights_sha256
from core.progress import Progress, silent
from core.pruning.masks import held, make_masks
from core.pruning.settings import Pruning
from core.training.learner import Learner, Position
from core.training.loader import Stretch, Views, batches
from core.training.loop import train_step
from core.training.parallel import Ranks
from core.training.plan import Plan, make_plan
from core.training.precision import autocast, scaler
from core.training.retrain import channels_last
from core.training.retraining import Retraining

PRUNING = Pruning("structured", rate=0.5)
BATCH = {"cpu": 16, "cuda": 128}
STEPS = {"cpu": 8, "cuda": 60}  # a round: more than loaders prepare ahead
_AGAINST = "a plain torchvision training loop (eager GoogLeNet, cross entropy, SGD{})"
_LOADED = ", ImageFolder, RandomResizedCrop, DataLoader with all cores"
_ENDLESS = 10**7

Batches = Iterator[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class _Case:
    name: str
    preset: Preset
    picture: tuple[int, int]  # width and height of the files
    classes: int


@dataclass(frozen=True, eq=False)
class _Pair:
    """The two trainings, and the batches that they share."""

    ours: Callable[[Batches], None]
    plain: Callable[[Batches], None]
    plan: Plan
    loader: DataLoader[tuple[Tensor, Tensor]]

    def loaded(self) -> Batches:
        """Return our batches, without end."""
        views = Views(self.plan.images, self.plan.view, self.plan.how.seed)
        return batches(views, Stretch(self.plan.course, range(_ENDLESS)), self.plan.device)


def _cases(native: int) -> tuple[_Case, ...]:
    return (
        _Case("224 px", IMAGENET_PRESET, (500, 375), 1000),  # ImageNet's usual picture
        _Case(f"demo, {native} px", Preset(native, native), (native, native), len(ScenesSource().classes)),
    )


def bench_train(
    device: str,
    steps: int | None = None,
    batch: int | None = None,
    precision: str = "float32",
    progress: Progress = silent,
) -> Iterator[Comparison]:
    """Yield for each size one comparison on given tensors and one with the loaders, in steps per second."""
    scenes, where = ScenesSource(), torch.device(device)
    how = Retraining(images=None, batch=batch or BATCH[where.type], precision=precision, size=1.0)
    for done, case in enumerate(_cases(scenes.image(0).width)):
        progress(done, 2, case.name)
        with tempfile.TemporaryDirectory() as folder:
            files = Path(folder) / "images"
            write_pictures(files, scenes, 5 * how.batch, case.picture)
            yield from _compare(case, files, how, where, steps or STEPS[where.type])


def _compare(case: _Case, files: Path, how: Retraining, device: torch.device, steps: int) -> Iterator[Comparison]:
    plan = _plan(case, open_folder_tree(str(files), files), how, device)
    with _ours(plan) as ours:
        pair = _Pair(ours, _plain(case, how, device), plan, _reference_loader(case, files, how, device))
        pixels, labels = (values.to(device) for values in next(pair.loaded()))
        normalised = plan.network.inputs(pixels).contiguous(), labels
        kinds = (
            ("given tensors", "", cycle([(pixels, labels)]), cycle([normalised])),
            ("with the loaders", _LOADED, pair.loaded(), iter(pair.loader)),
        )
        for name, added, mine, theirs in kinds:
            yield compare(
                f"train, {case.name}, {name}, batch {how.batch}, {how.precision}",
                _repeated(partial(pair.ours, mine), steps, device),
                _repeated(partial(pair.plain, theirs), steps, device),
                against=_AGAINST.format(added),
                unit="steps/s",
                device=device_name(device),
            )


def _plan(case: _Case, source: Source, how: Retraining, device: torch.device) -> Plan:
    torch.manual_seed(0)
    module = googlenet(case.classes, initialise=True).eval().requires_grad_(False)
    names = tuple(map(str, range(case.classes)))
    sha = weights_sha256(module.state_dict())
    network = Network("bench", case.name, module, names, case.preset, IMAGENET_NORMALISATION, sha)
    return make_plan(network, PRUNING, how, source, Ranks(device))


@contextmanager
def _ours(plan: Plan) -> Iterator[Callable[[Batches], None]]:
    """Yield what makes one step of ours, the masks of half of the channels held; the step is always the first."""
    module = channels_last(plan.network.copy().requires_grad_(True), plan.device).train()
    learner = Learner(module, plan.how, plan.device, make_masks(module, PRUNING))

    def step(arriving: Batches) -> None:
        learner.position = Position()
        train_step(plan, learner, module, arriving)

    with held(module, learner.masks, learner.optimiser):
        yield step


def _plain(case: _Case, how: Retraining, device: torch.device) -> Callable[[Batches], None]:
    """Return what makes one step as everybody writes it."""
    network = GoogLeNet(case.classes, aux_logits=False, init_weights=False).to(device).train()
    optimiser = torch.optim.SGD(
        network.parameters(), how.learning_rate, momentum=how.momentum, weight_decay=how.weight_decay
    )
    scale = scaler(how, device)

    def step(arriving: Batches) -> None:
        images, labels = (values.to(device, non_blocking=True) for values in next(arriving))
        with autocast(how, device):
            loss = nn.functional.cross_entropy(network(images), labels)
        optimiser.zero_grad()
        scale.scale(loss).backward()  # type: ignore[no-untyped-call]
        scale.step(optimiser)
        scale.update()

    return step


def _reference_loader(
    case: _Case, files: Path, how: Retraining, device: torch.device
) -> DataLoader[tuple[Tensor, Tensor]]:
    norm = IMAGENET_NORMALISATION
    chain = [
        transforms.RandomResizedCrop(case.preset.crop, (how.crop, 1.0)),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize(norm.mean, norm.std),
    ]
    dataset = ImageFolder(str(files), transforms.Compose(chain))
    return DataLoader(
        dataset,
        batch_size=how.batch,
        sampler=RandomSampler(dataset, replacement=True, num_samples=_ENDLESS),
        num_workers=os.cpu_count() or 1,
        pin_memory=device.type == "cuda",
    )


def _repeated(step: Callable[[], None], steps: int, device: torch.device) -> Callable[[], int]:
    """Return what makes a round: so many steps, done when the device has done them."""

    def round_of_steps() -> int:
        for _ in range(steps):
            step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return steps

    return round_of_steps
