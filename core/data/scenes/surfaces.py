"""Surface patterns in two colours, fixed to the object: the other half of a class."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.data.scenes.geometry import UNIT, Box, Pose, cosine, sine
from core.data.scenes.noise import Field, triangle_wave


def coordinates(pose: Pose, size: int, window: Box) -> tuple[Field, Field]:
    """Return the place of each of the window's pixels in the object's own axes, in radii, both (h, w)."""
    line = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(UNIT / size)
    x0, y0, x1, y1 = window
    x, y = line[None, x0:x1] - np.float32(pose.x), line[y0:y1, None] - np.float32(pose.y)
    scale = 1 / (UNIT * pose.radius)
    c, s = np.float32(cosine(pose.angle) * scale), np.float32(sine(pose.angle) * scale)
    return x * c + y * s, y * c - x * s


def _edge(inside: Field, pixel: float) -> Field:
    """Turn a distance in radii (positive inside) into coverage with a ramp one pixel wide."""
    cover: Field = np.clip(inside * np.float32(1 / pixel) + np.float32(0.5), np.float32(0), np.float32(1))
    return cover


def _stripes(u: Field, v: Field, pixel: float) -> Field:
    period = 0.46
    inside = (triangle_wave(u * np.float32(1 / period)) - np.float32(0.5)) * np.float32(period / 2)
    return _edge(inside + v * np.float32(0), pixel)


def _dots(u: Field, v: Field, pixel: float) -> Field:
    """Discs on a lattice of triangles, as two square lattices laid into each other."""
    across, down, radius = 0.56, 0.97, 0.165
    first = _disc(u, v, across, down)
    second = _disc(u + np.float32(across / 2), v + np.float32(down / 2), across, down)
    return _edge(np.float32(radius) - np.sqrt(np.minimum(first, second)), pixel)


def _disc(u: Field, v: Field, across: float, down: float) -> Field:
    x = (triangle_wave(u * np.float32(1 / across)) - np.float32(1)) * np.float32(across / 2)
    y = (triangle_wave(v * np.float32(1 / down)) - np.float32(1)) * np.float32(down / 2)
    return x * x + y * y


def _checks(u: Field, v: Field, pixel: float) -> Field:
    period = 0.72
    x = (triangle_wave(u * np.float32(1 / period)) - np.float32(0.5)) * np.float32(period / 2)
    y = (triangle_wave(v * np.float32(1 / period)) - np.float32(0.5)) * np.float32(period / 2)
    inside = np.minimum(np.abs(x), np.abs(y))
    return _edge(np.where(x * y > 0, inside, -inside), pixel)


def plain(u: Field, v: Field, pixel: float) -> Field:
    """Return no second colour at all."""
    return np.zeros(np.broadcast_shapes(u.shape, v.shape), np.float32)


Surface = Callable[[Field, Field, float], Field]

SURFACES: dict[str, Surface] = {"striped": _stripes, "dotted": _dots, "chequered": _checks}
