"""What the objects lie on: stone, wood, linen or moss."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.data.scenes.colours import GROUNDS
from core.data.scenes.light import Colours, Light, mixed, relief
from core.data.scenes.noise import Field, fractal, grain, noise, triangle_wave

Texture = tuple[Field, Field]  # share of the second colour (0..1) and height in pixels, both (size, size)


def _stone(random: np.random.Generator, size: int) -> Texture:
    rough = fractal(random, size, 10, 3)
    blotches = fractal(random, size, 3, 3)
    tone = np.float32(0.5) + blotches * np.float32(0.9) + grain(random, size) * np.float32(0.16)
    return tone, rough * np.float32(1.6) + grain(random, size) * np.float32(0.1)


def _wood(random: np.random.Generator, size: int) -> Texture:
    """Boards with streaks along them and a groove between two boards."""
    down = np.arange(size, dtype=np.float32)[:, None] * np.float32(1 / size)
    boards = int(random.integers(2, 5))
    bend = noise(random, size, 2, 4) * np.float32(1.2)
    rings = triangle_wave(down * np.float32(int(random.integers(6, 12))) + bend * np.float32(1.6))
    streaks = noise(random, size, 5, 60)
    groove = np.maximum(np.float32(0), np.float32(1) - _to_line(down, boards) * np.float32(size / 2.0))
    tone = rings * np.float32(0.45) + streaks * np.float32(0.7) + np.float32(0.25) + groove * np.float32(0.8)
    height = streaks * np.float32(0.8) - groove * np.float32(1.4)
    return (tone, height) if random.integers(0, 2) else (tone.T, height.T)


def _to_line(down: Field, boards: int) -> Field:
    place = down * np.float32(boards) + np.float32(0.4)
    away: Field = np.abs(place - np.floor(place) - np.float32(0.5)) * np.float32(1 / boards)
    return away


def _linen(random: np.random.Generator, size: int) -> Texture:
    """Threads over and under each other, none quite straight or even."""
    line = np.arange(size, dtype=np.float32) * np.float32(int(random.integers(26, 36)) / size)
    wobble = noise(random, size, 6, 6) * np.float32(0.7)
    warp = triangle_wave(line[None, :] + wobble)
    weft = triangle_wave(line[:, None] + wobble.T)
    uneven = noise(random, size, 4, 70) + noise(random, size, 70, 4)
    height = warp + weft + uneven * np.float32(0.8)
    tone = np.float32(0.75) - (warp + weft) * np.float32(0.32) + uneven * np.float32(0.5)
    return tone + fractal(random, size, 2, 2) * np.float32(0.3), height * np.float32(0.5)


def _moss(random: np.random.Generator, size: int) -> Texture:
    """Fine tufts: high ones lighter, on patches of two greens."""
    tufts = noise(random, size, 36, 36) + noise(random, size, 72, 72) * np.float32(1.2)
    tone = np.float32(0.5) + fractal(random, size, 3, 3) * np.float32(1.1) - tufts * np.float32(0.55)
    return tone, tufts * np.float32(1.1)


TEXTURES: dict[str, Callable[[np.random.Generator, int], Texture]] = {
    "stone": _stone,
    "wood": _wood,
    "linen": _linen,
    "moss": _moss,
}


def draw_ground(random: np.random.Generator, size: int, light: Light) -> Colours:
    """Return a lit ground (size, size, 3), 0..255, of one of the four kinds."""
    name = tuple(TEXTURES)[int(random.integers(0, len(TEXTURES)))]
    pairs = GROUNDS[name]
    first, second = pairs[int(random.integers(0, len(pairs)))]
    tone, height = TEXTURES[name](random, size)
    diffuse, _ = relief(height, light)
    return mixed(first, second, np.clip(tone, np.float32(0), np.float32(1))) * diffuse[..., None]
