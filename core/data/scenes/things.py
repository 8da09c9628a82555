"""Objects: an outline with a pose, a surface and two colours, laid on a canvas with its shadow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

import core.data.scenes.raster as raster
from core.data.scenes.colours import Colour
from core.data.scenes.geometry import UNIT, Box, Pose
from core.data.scenes.light import Colours, Light, blur, mixed, relief, shadowed
from core.data.scenes.noise import Field
from core.data.scenes.shapes import Outline
from core.data.scenes.surfaces import Surface, coordinates


@dataclass(frozen=True)
class Thing:
    """Something to lay down; `skew` turns its surface against its outline, in 1024ths of a turn."""

    outline: Outline
    pose: Pose
    surface: Surface
    colours: tuple[Colour, Colour]
    skew: int = 0


def coverage(thing: Thing, size: int) -> Image.Image:
    """Return how much of each pixel the thing covers, as a picture of 0..255."""
    return Image.fromarray(raster.coverage(thing.outline, thing.pose, size))


def lay(canvas: Colours, thing: Thing, cover: Image.Image, light: Light) -> None:
    """Lay the thing and its shadow on the canvas, in place; only the pixels around it are touched."""
    size = canvas.shape[0]
    thick = max(2, thing.pose.radius * size // (UNIT * 4))
    reach = min(thick, max(2, size // 18))
    x0, y0, x1, y1 = window = _around(cover, 3 * reach + 2)
    near, part = cover.crop(window), canvas[y0:y1, x0:x1]
    ground = shadowed(part, near, light, reach)
    share = np.asarray(near, dtype=np.float32)[..., None] * np.float32(1 / 255)
    part[:] = ground + share * (_lit(_colours(thing, size, window), near, light, thick) - ground)


def _around(cover: Image.Image, margin: int) -> Box:
    x0, y0, x1, y1 = cover.getbbox() or (0, 0, 1, 1)
    return max(0, x0 - margin), max(0, y0 - margin), min(cover.width, x1 + margin), min(cover.height, y1 + margin)


def _lit(colours: Colours, cover: Image.Image, light: Light, thick: int) -> Colours:
    diffuse, gloss = relief(_cushion(cover, thick), light)
    lit: Colours = colours * (np.float32(0.3) + np.float32(0.7) * diffuse)[..., None]
    return lit + gloss[..., None] * np.float32(34)


def _cushion(cover: Image.Image, thick: int) -> Field:
    """Return a height that rises steeply at the rim and gently further in."""
    rim, middle = blur(cover, max(1, thick // 4)), blur(cover, max(1, thick * 3 // 4))
    return (rim * np.float32(0.35) + middle * np.float32(0.65)) * np.float32(thick)


def _colours(thing: Thing, size: int, window: Box) -> Colours:
    pose = thing.pose
    turned = Pose(pose.x, pose.y, pose.radius, pose.angle + thing.skew)
    u, v = coordinates(turned, size, window)
    pattern = thing.surface(u, v, UNIT / (size * pose.radius))
    return mixed(*thing.colours, pattern)
