"""The demo network: GoogLeNet trained from nothing on the generated scenes."""

from __future__ import annotations

import hashlib
import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from core.data.scenes import CLASSES, SIZE, ScenesSource
from core.data.scenes.drawing import DrawnScenes, draw_scenes
from core.networks.googlenet import googlenet
from core.paths import writable
from core.progress import Progress, silent
from core.training.views import Phase, order, views

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class DemoRecipe:
    """Everything that decides the demo network's weights (up to the rounding of the machine)."""

    scenes: int = 24_000
    phases: tuple[Phase, ...] = (
        Phase(64, 24_000, 0.3, 0.6),
        Phase(64, 64_000, 0.5),
        Phase(96, 24_000, 0.75),
        Phase(128, 8_000, 0.9),
    )
    batch: int = 128
    peak: float = 3e-3
    warm_up: float = 0.3
    weight_decay: float = 0.02
    smoothing: float = 0.1
    seed: int = 0
    held_out: int = 2000

    def steps(self) -> list[Phase]:
        """Return the phase of each step."""
        return [phase for phase in self.phases for _ in range(phase.images // self.batch)]

    def rate(self, done: float) -> float:
        """Return the learning rate when a share `done` of the steps is done: up in a line, down in half a cosine."""
        if done < self.warm_up:
            return self.peak * (0.04 + 0.96 * done / self.warm_up)
        return self.peak * (0.5 + 0.5 * math.cos(math.pi * (done - self.warm_up) / (1 - self.warm_up)))

    def identity(self) -> str:
        """Return the sha256 of the recipe and of its training scenes."""
        text = json.dumps(asdict(self), sort_keys=True) + ScenesSource("training", self.scenes).identity()
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Accuracy:
    """Shares of images whose class is the first, and among the first five."""

    top1: float
    top5: float
    images: int


@dataclass
class _Learner:
    """A network in training: what a checkpoint holds."""

    network: nn.Module
    optimiser: torch.optim.Optimizer
    device: torch.device
    step: int = 0


def train_demo(settings: DemoRecipe, folder: Path, progress: Progress = silent, *, save_every: float = 120.0) -> Path:
    """Train, measure and write `googlenet-demo.safetensors` under `folder`; goes on from where it was stopped.

    Drawn scenes and a checkpoint, at most `save_every` seconds old, lie beside it: killed at any moment, training
    loses no more than that and ends with the same weights. StorageError if `folder` cannot be written.
    """
    scenes = draw_scenes(ScenesSource("training", settings.scenes), writable(folder), progress)
    checkpoint = folder / f"demo-{settings.identity()[:16]}.pt"
    learner = _learner(settings, checkpoint)
    _train(learner, settings, scenes, _Saving(checkpoint, save_every), progress)
    rounded = {key: _half(value) for key, value in learner.network.state_dict().items()}
    learner.network.load_state_dict(rounded)
    held_out = draw_scenes(ScenesSource("validation", settings.held_out), folder, progress)
    return _write(rounded, settings, measure(learner.network, held_out, learner.device), folder)


def _half(value: Tensor) -> Tensor:
    value = value.detach().cpu().contiguous()
    return value.half() if value.is_floating_point() else value


def _learner(settings: DemoRecipe, checkpoint: Path) -> _Learner:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(settings.seed)
    network = googlenet(len(CLASSES), initialise=True).to(device, memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), settings.peak, weight_decay=settings.weight_decay)
    learner = _Learner(network, optimiser, device)
    if checkpoint.exists():
        _restore(learner, checkpoint)
    return learner


def _restore(learner: _Learner, checkpoint: Path) -> None:
    saved = torch.load(checkpoint, map_location=learner.device, weights_only=True)
    learner.network.load_state_dict(saved["network"])
    learner.optimiser.load_state_dict(saved["optimiser"])
    learner.step = saved["step"]


class _Saving:
    """When and where to keep a learner's state."""

    def __init__(self, checkpoint: Path, every: float) -> None:
        self.checkpoint, self.every, self.last = checkpoint, every, time.monotonic()

    def keep(self, learner: _Learner, *, last: bool) -> None:
        """Write the state, whole or not at all, if it is time to."""
        if not last and time.monotonic() - self.last < self.every:
            return
        state = {"network": learner.network.state_dict(), "optimiser": learner.optimiser.state_dict()}
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state | {"step": learner.step}, partial)
        partial.replace(self.checkpoint)
        self.last = time.monotonic()


def _train(learner: _Learner, settings: DemoRecipe, scenes: DrawnScenes, saving: _Saving, progress: Progress) -> None:
    steps = settings.steps()
    while learner.step < len(steps):
        loss = _step(learner, settings, scenes, steps[learner.step], len(steps))
        learner.step += 1
        saving.keep(learner, last=learner.step == len(steps))
        progress(learner.step, len(steps), f"training steps, loss {loss:.3f}")


def _step(learner: _Learner, settings: DemoRecipe, scenes: DrawnScenes, phase: Phase, steps: int) -> float:
    """Do one step; what it sees and drops out depends on the seed and the step alone, so resuming changes nothing."""
    random = np.random.default_rng((settings.seed, learner.step, 1))
    torch.manual_seed(int(random.integers(2**62)))
    start = learner.step * settings.batch
    chosen = order(len(scenes.labels), settings.seed, start, start + settings.batch)
    pictures, labels = views(scenes, chosen, phase, random)
    for group in learner.optimiser.param_groups:
        group["lr"] = settings.rate(learner.step / steps)
    learner.network.train()
    with torch.autocast("cuda", torch.bfloat16, enabled=learner.device.type == "cuda"):
        logits = learner.network(inputs(pictures, learner.device))
    loss = nn.functional.cross_entropy(logits.float(), labels.to(learner.device), label_smoothing=settings.smoothing)
    learner.optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    learner.optimiser.step()
    return loss.item()


def inputs(pixels: Tensor, device: torch.device) -> Tensor:
    """Map pixels (n, 3, h, w) uint8 to the network's normalised input."""
    mean, std = (torch.tensor(v, device=device).view(1, 3, 1, 1) for v in (MEAN, STD))
    scaled = (pixels.to(device).float() / 255 - mean) / std
    return scaled.contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def measure(network: nn.Module, scenes: DrawnScenes, device: torch.device, batch: int = 100) -> Accuracy:
    """Return the accuracy over drawn scenes at their own size."""
    network.eval()
    ranks = [_ranks(network, scenes, slice(i, i + batch), device) for i in range(0, len(scenes.labels), batch)]
    rank = torch.cat(ranks)
    return Accuracy((rank < 1).double().mean().item(), (rank < 5).double().mean().item(), len(rank))


def _ranks(network: nn.Module, scenes: DrawnScenes, part: slice, device: torch.device) -> Tensor:
    """Return how many classes scored above the true one, (n,)."""
    pixels = torch.from_numpy(np.array(scenes.pixels[part])).permute(0, 3, 1, 2)
    logits = network(inputs(pixels, device)).cpu()
    true = logits.gather(1, torch.from_numpy(scenes.labels[part])[:, None])
    above: Tensor = (logits > true).sum(1)
    return above


def _write(weights: dict[str, Tensor], settings: DemoRecipe, accuracy: Accuracy, folder: Path) -> Path:
    target = folder / "googlenet-demo.safetensors"
    partial = target.with_suffix(".partial")
    save_file(weights, partial, _metadata(settings, accuracy))
    partial.replace(target)
    return target


def _metadata(settings: DemoRecipe, accuracy: Accuracy) -> dict[str, str]:
    data = {split: ScenesSource(split, n).identity() for split, n in _splits(settings).items()}
    return {
        "architecture": "googlenet",
        "classes": json.dumps(CLASSES),
        "size": str(SIZE),
        "mean": json.dumps(MEAN),
        "std": json.dumps(STD),
        "recipe": json.dumps(asdict(settings)),
        "seed": str(settings.seed),
        "data": json.dumps(data),
        "top1": f"{accuracy.top1:.4f}",
        "top5": f"{accuracy.top5:.4f}",
        "images": str(accuracy.images),
    }


def _splits(settings: DemoRecipe) -> dict[str, int]:
    return {"training": settings.scenes, "validation": settings.held_out}
