"""The scene: a target among clutter on a ground, sometimes with something lying across it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.scenes.colours import OBJECTS, PAIRS
from core.data.scenes.geometry import TURN, UNIT, Box, Pose, cosine, sine
from core.data.scenes.ground import draw_ground
from core.data.scenes.light import Colours, ambience, draw_light
from core.data.scenes.shapes import CLUTTER, COVERS, SHAPES, Outline
from core.data.scenes.surfaces import SURFACES, plain
from core.data.scenes.things import Thing, coverage, lay

SIZE = 128
VERSION = 1  # of the generator: any change of its pixels needs a new one, and a new demo network

CLASSES: tuple[str, ...] = tuple(f"{surface} {shape}" for shape in SHAPES for surface in SURFACES)


@dataclass(frozen=True)
class Difficulty:
    """What makes the class of a scene hard to tell."""

    radius: tuple[int, int]  # of the target, per cent of the scene's width, from and below
    least_visible: float  # share of the target that nothing lies on
    clutter: tuple[int, int]  # smaller things beside the target, from and below
    covered: int  # something lies across the target in all scenes but one in so many


EASY = Difficulty(radius=(17, 29), least_visible=0.65, clutter=(2, 6), covered=2)
HARD = Difficulty(radius=(14, 26), least_visible=0.6, clutter=(3, 7), covered=3)


@dataclass(frozen=True)
class Scene:
    """A picture, its class, the target's visible pixels and their box (x0, y0, x1, y1; ends exclusive)."""

    image: NDArray[np.uint8]  # (s, s, 3)
    label: int
    mask: NDArray[np.bool_]  # (s, s)
    box: Box


def label_of(seed: int, index: int) -> int:
    """Return the class of a scene: each run of len(CLASSES) scenes holds every class once."""
    block, place = divmod(index, len(CLASSES))
    return _shuffled(seed, block)[place]


@lru_cache(maxsize=1024)
def _shuffled(seed: int, block: int) -> tuple[int, ...]:
    order = list(range(len(CLASSES)))
    random = _random(seed, block, 1)
    for last in range(len(order) - 1, 0, -1):
        other = int(random.integers(0, last + 1))
        order[last], order[other] = order[other], order[last]
    return tuple(order)


def _random(seed: int, index: int, use: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, index, use))))


def scene(seed: int, index: int, size: int = SIZE, difficulty: Difficulty = HARD) -> Scene:
    """Draw one scene of `size` x `size` pixels: the same bytes for the same values on every machine."""
    random = _random(seed, index, 0)
    light, label = draw_light(random), label_of(seed, index)
    canvas = draw_ground(random, size, light)
    target = _target(random, label, difficulty)
    for thing in _clutter(random, target.pose, difficulty):
        lay(canvas, thing, coverage(thing, size), light)
    cover = coverage(target, size)
    lay(canvas, target, cover, light)
    mask = np.asarray(cover) >= 128
    for thing, over in _across(random, target.pose, mask, difficulty):
        lay(canvas, thing, over, light)
        mask = mask & (np.asarray(over) < 128)
    return Scene(_pixels(canvas * ambience(size, light)), label, mask, box_of(mask))


def _pixels(canvas: Colours) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = np.clip(canvas + np.float32(0.5), np.float32(0), np.float32(255)).astype(np.uint8)
    return pixels


def box_of(mask: NDArray[np.bool_]) -> Box:
    """Return the smallest box (x0, y0, x1, y1; ends exclusive) around the true pixels."""
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _target(random: np.random.Generator, label: int, difficulty: Difficulty) -> Thing:
    shape, surface = divmod(label, len(SURFACES))
    least, most = (UNIT * share // 100 for share in difficulty.radius)
    radius = int(random.integers(least, most))
    reach = radius * 5 // 4
    x, y = (int(v) for v in random.integers(reach, UNIT - reach, 2))
    pose = Pose(x, y, radius, int(random.integers(0, TURN)))
    pair = PAIRS[int(random.integers(0, len(PAIRS)))]
    skew = int(random.integers(0, TURN))
    return Thing(tuple(SHAPES.values())[shape], pose, tuple(SURFACES.values())[surface], pair, skew)


def _clutter(random: np.random.Generator, target: Pose, difficulty: Difficulty) -> list[Thing]:
    """Draw smaller things beside the target, some with a class's surface but none with a class's shape."""
    things = []
    for _ in range(int(random.integers(*difficulty.clutter))):
        outline = CLUTTER[int(random.integers(0, len(CLUTTER)))](random)
        radius = int(random.integers(UNIT * 7 // 100, UNIT * 17 // 100))
        pose = _beside(random, target, radius)
        things.append(_painted(random, outline, pose))
    return things


def _beside(random: np.random.Generator, target: Pose, radius: int) -> Pose:
    """Draw a place whose centre is not under the target, the last of six tries if none is free."""
    for _ in range(6):
        x, y = (int(v) for v in random.integers(0, UNIT, 2))
        if (x - target.x) ** 2 + (y - target.y) ** 2 > (target.radius + radius * 2 // 3) ** 2:
            break
    return Pose(x, y, radius, int(random.integers(0, TURN)))


def _painted(random: np.random.Generator, outline: Outline, pose: Pose) -> Thing:
    pair = PAIRS[int(random.integers(0, len(PAIRS)))]
    choice = int(random.integers(0, 2 * len(SURFACES)))
    surface = tuple(SURFACES.values())[choice] if choice < len(SURFACES) else plain
    return Thing(outline, pose, surface, pair, int(random.integers(0, TURN)))


def _across(
    random: np.random.Generator, target: Pose, mask: NDArray[np.bool_], difficulty: Difficulty
) -> list[tuple[Thing, Image.Image]]:
    """Draw, in most scenes, a plain leaf or stick over part of the target, whose uncovered part is `mask`."""
    if random.integers(0, difficulty.covered) == difficulty.covered - 1:
        return []
    for _ in range(4):
        thing = _cover(random, target)
        over = coverage(thing, len(mask))
        left = int(np.count_nonzero(mask & (np.asarray(over) < 128)))
        if left >= difficulty.least_visible * np.count_nonzero(mask):
            return [(thing, over)]
    return []


def _cover(random: np.random.Generator, target: Pose) -> Thing:
    outline = COVERS[int(random.integers(0, len(COVERS)))](random)
    radius = int(random.integers(UNIT * 20 // 100, UNIT * 36 // 100))
    away, turn = int(random.integers(0, target.radius * 9 // 8)), int(random.integers(0, TURN))
    x, y = target.x + away * cosine(turn) // UNIT, target.y + away * sine(turn) // UNIT
    colour = OBJECTS[int(random.integers(0, len(OBJECTS)))]
    return Thing(outline, Pose(x, y, radius, int(random.integers(0, TURN))), plain, (colour, colour))
