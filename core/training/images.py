"""The images that a network is retrained on, and those of them that are held out to measure it on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from core.data.imagenette import IMAGENETTE
from core.data.layouts import LAYOUTS
from core.data.order import stratified_order
from core.data.pack import Pack, pack
from core.data.preset import Preset
from core.data.source import SCENES, TRAINING_SCENES, Source, open_source
from core.errors import InvalidSettingError
from core.progress import Progress, silent
from core.training.retraining import Retraining

HELD_OUT_SHARE, HELD_OUT_MOST = 0.05, 500
_BELONGING = {SCENES: TRAINING_SCENES, f"{IMAGENETTE}:val": f"{IMAGENETTE}:train"}
LEAST_IMAGES = 8  # to train on and hold some out


@dataclass(frozen=True, eq=False)
class Subset:
    """Some images of a source, in the source's order, read from `pack` where they are packed as they are."""

    source: Source
    indices: NDArray[np.int64]  # ascending
    pack: Pack | None = None

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def name(self) -> str:
        """What `open_source` was given."""
        return self.source.name

    @property
    def title(self) -> str:
        """What the source is called on the screen."""
        return self.source.title

    @property
    def classes(self) -> tuple[str, ...]:
        """The source's classes; some may have no image here."""
        return self.source.classes

    @property
    def generated(self) -> bool:
        """Whether a recipe makes the images."""
        return self.source.generated

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """The class index of each image: (n,)."""
        return self.source.labels[self.indices]

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The source's names of the images."""
        return tuple(self.source.ids[index] for index in self.indices)

    def image(self, index: int) -> Image:
        """Return one image; BrokenDataError if it cannot be decoded."""
        return self.pack.image(index) if self.pack else self.source.image(int(self.indices[index]))

    def identity(self) -> str:
        """Return a hash of what would be yielded, without reading any image; all images are the source itself."""
        if len(self) == len(self.source):
            return self.source.identity()
        return hashlib.sha256(self.source.identity().encode() + self.indices.tobytes()).hexdigest()


def training_source(retraining: Retraining, data: str, network: Sequence[str]) -> Source:
    """Return the images to retrain on: at most `retraining.images`, balanced over the classes, always the same.

    They are those of `retraining.data`, or, where that names none, of the training part that belongs to the
    evaluated `data`: `scenes:training` to `scenes`, `imagenette:train` to `imagenette:val`, a folder's sibling `train`
    to its `val`, in the same layout where that is named. `network` has the names of the network's classes. Raises
    InvalidSettingError if there is no such part, and the errors of `open_source`.
    """
    return first(open_source(retraining.data or _belonging_to(data), network), retraining.images)


def first(source: Source, images: int | None) -> Source:
    """Return at most so many images of a source (None: all), as balanced over the classes as they can be."""
    if images is None or images >= len(source):
        return source
    return Subset(source, np.sort(stratified_order(source.labels)[:images]))


def drawn_once(source: Source, cache: Path, progress: Progress = silent) -> Source:
    """Return the same images, generated ones drawn once and for all into the cache: training shows them many times.

    Raises the errors of `core.data.pack.pack`.
    """
    if not source.generated:
        return source
    packed = pack(source, Preset(None, source.image(0).width), cache=cache, progress=progress)
    chosen = source if isinstance(source, Subset) else Subset(source, np.arange(len(source)))
    return replace(chosen, pack=packed)


def _belonging_to(data: str) -> str:
    if data.strip() in _BELONGING:
        return _BELONGING[data.strip()]
    layout = data.strip().partition(":")[0]
    named = f"{layout}:" if layout in LAYOUTS else ""
    folder = Path(data.strip().removeprefix(named)).expanduser()
    beside = folder.parent / "train"
    if folder.name == "val" and beside.is_dir():
        return f"{named}{beside}"
    raise InvalidSettingError(
        f"no training images belong to {data}",
        " or ".join(f"{one}, whose are {other}" for one, other in _BELONGING.items())
        + ", or a folder `val` with a folder `train` beside it",
        "name the images to train on (the field Training images; --train-data FOLDER)",
    )


def require_enough(images: int) -> None:
    """Raise InvalidSettingError unless there are images enough to train on and hold some out."""
    if images < LEAST_IMAGES:
        raise InvalidSettingError(
            f"{images} training images", f"{LEAST_IMAGES} or more", "ask for more images, or name other ones"
        )


@dataclass(frozen=True, eq=False)
class Parts:
    """Places of images in a source: those trained on, and those held out from training to measure it on."""

    training: NDArray[np.int64]
    held_out: NDArray[np.int64]


def parts(labels: NDArray[np.int64], step: int) -> Parts:
    """Hold out one image in twenty, balanced over the classes.

    As many as a step sees at least, 500 at most, and never more than a quarter. Raises
    InvalidSettingError if there are too few images for that.
    """
    require_enough(len(labels))
    wanted = min(HELD_OUT_MOST, max(round(HELD_OUT_SHARE * len(labels)), step))
    order = stratified_order(labels, seed=1)
    count = min(wanted, len(labels) // 4)
    return Parts(np.sort(order[count:]), np.sort(order[:count]))
