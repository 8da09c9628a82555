"""The scenes as a source of labelled images."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.scenes.compose import CLASSES, EASY, HARD, SIZE, VERSION, Difficulty, Scene, label_of, scene
from core.data.scenes.geometry import Box
from core.errors import InvalidSettingError


@dataclass(frozen=True)
class Split:
    """Scenes that share none with those of another split."""

    name: str  # what `open_source` is given
    title: str
    seed: int
    difficulty: Difficulty
    count: int  # how many there are unless one says


# The validation scenes are harder than those one trains on: a network that only remembers does not do well there.
SPLITS: dict[str, Split] = {
    "training": Split("scenes:training", "Generated training scenes", 1, EASY, 24_000),
    "validation": Split("scenes", "Generated scenes", 2, HARD, 2000),
}


class ScenesSource:
    """Generated scenes, drawn when asked for, `count` or all there are; `training` and `validation` share none."""

    classes = CLASSES
    generated = True  # a recipe makes the images: `identity` says all about every pixel
    region = "mask"

    def __init__(self, split: str = "validation", count: int | None = None) -> None:
        if split not in SPLITS:
            raise InvalidSettingError(f"split {split!r}", " or ".join(SPLITS), "choose one of these")
        if count is not None and count < 1:
            raise InvalidSettingError(f"{count} scenes", "1 or more", "ask for at least one scene")
        chosen = SPLITS[split]
        self.split, self.count = split, count or chosen.count
        self.name, self.title = chosen.name, chosen.title
        self.seed, self.difficulty = chosen.seed, chosen.difficulty

    def __len__(self) -> int:
        return self.count

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Class index of each scene (n,), known without drawing any."""
        return np.array([label_of(self.seed, index) for index in range(self.count)], dtype=np.int64)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """One name a scene."""
        return tuple(f"scene-{index:06d}" for index in range(self.count))

    def scene(self, index: int) -> Scene:
        """Draw one scene; IndexError beyond the last."""
        if not 0 <= index < self.count:
            raise IndexError(f"scene {index} of {self.count}")
        return scene(self.seed, index, difficulty=self.difficulty)

    def image(self, index: int) -> Image.Image:
        """Return the picture."""
        return Image.fromarray(self.scene(index).image)

    def mask(self, index: int) -> NDArray[np.bool_]:
        """Return which pixels (s, s) show the target."""
        return self.scene(index).mask

    def box(self, index: int) -> Box:
        """Return the box (x0, y0, x1, y1; ends exclusive) around the target's visible pixels."""
        return self.scene(index).box

    def identity(self) -> str:
        """Return the sha256 of what decides every pixel: generator version, size, split, count and seed."""
        text = f"scenes version {VERSION} size {SIZE} count {self.count} seed {self.seed} {self.difficulty}"
        return hashlib.sha256(text.encode()).hexdigest()
