"""One lamp far away: what it does to a relief, and the shadows it throws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from core.data.scenes.colours import Colour
from core.data.scenes.geometry import TURN, UNIT, cosine, sine
from core.data.scenes.noise import Field

Colours = NDArray[np.floating]  # (h, w, 3), 0..255

_HEIGHT = 0.8  # of the lamp over the ground; 0.6 is left along the ground


@dataclass(frozen=True)
class Light:
    """The direction towards the lamp in the picture's plane, and the lamp's colour."""

    x: float
    y: float
    tint: tuple[float, float, float]


def draw_light(random: np.random.Generator) -> Light:
    """Draw a lamp somewhere above the picture, warm or cool."""
    angle = TURN * 3 // 4 + int(random.integers(-200, 201))
    warm = int(random.integers(-12, 22))
    tint = (1 + warm / 256, 1.0, 1 - warm / 256)
    return Light(cosine(angle) / UNIT, sine(angle) / UNIT, tint)


def mixed(first: Colour, second: Colour, share: Field) -> Colours:
    """Return colours (h, w, 3) from the first (share 0) to the second (share 1)."""
    start, end = np.array(first, np.float32), np.array(second, np.float32)
    colours: Colours = start + share[..., None] * (end - start)
    return colours


def _slopes(height: Field) -> tuple[Field, Field]:
    across, down = np.zeros_like(height), np.zeros_like(height)
    across[:, 1:-1] = height[:, 2:] - height[:, :-2]
    down[1:-1] = height[2:] - height[:-2]
    return across, down


def relief(height: Field, light: Light) -> tuple[Field, Field]:
    """Return the diffuse light (1 on level ground) and the gloss (0..1) of a height map in pixels, both (h, w)."""
    across, down = _slopes(height)
    steep: Field = np.float32(1) / np.sqrt(across * across + down * down + np.float32(4))
    towards = (across * np.float32(-light.x) + down * np.float32(-light.y)) * steep
    level = steep * np.float32(2)
    diffuse = np.maximum(level + towards * np.float32(0.6 / _HEIGHT), np.float32(0))
    return diffuse, _gloss(level * np.float32(0.9487) + towards * np.float32(0.3162))


def _gloss(cosines: Field) -> Field:
    """Raise to the 32nd power by squaring: a library's power differs between machines."""
    shine = np.maximum(cosines, np.float32(0))
    for _ in range(5):
        shine = shine * shine
    return shine


def blur(cover: Image.Image, radius: int) -> Field:
    """Return a coverage picture, blurred twice with a box of `radius` pixels, as 0..1."""
    soft = cover.filter(ImageFilter.BoxBlur(radius)).filter(ImageFilter.BoxBlur(radius))
    return np.asarray(soft, dtype=np.float32) * np.float32(1 / 255)


def shadowed(canvas: Colours, cover: Image.Image, light: Light, reach: int) -> Colours:
    """Return the canvas under the soft shadow of something `reach` pixels high."""
    away = (round(-light.x * reach), round(-light.y * reach))
    thrown = Image.new("L", cover.size)
    thrown.paste(cover, away)
    dark: Field = np.float32(0.42) * blur(thrown, max(1, reach * 2 // 3)) + np.float32(0.22) * blur(
        cover, max(1, reach // 3)
    )
    share: Colours = dark[..., None] * np.array((1.0, 0.96, 0.88), np.float32)
    return canvas * (np.float32(1) - share)


def ambience(size: int, light: Light) -> Colours:
    """Return factors (size, size, 3): brighter towards the lamp, darker in the corners, of the lamp's colour."""
    line = (np.arange(size, dtype=np.float32) * np.float32(2) + np.float32(1 - size)) * np.float32(1 / size)
    x, y = line[None, :], line[:, None]
    fall = np.float32(1.03) + (x * np.float32(light.x) + y * np.float32(light.y)) * np.float32(0.13)
    bright: Field = fall - (x * x + y * y) * np.float32(0.09)
    factors: Colours = bright[..., None] * np.array(light.tint, np.float32)
    return factors
