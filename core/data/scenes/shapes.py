"""Outlines: those that make a class, and those of the things that lie about.

An outline is a tuple of loops around (0, 0), in 4096ths of its radius; the second loop is a hole.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from core.data.scenes.geometry import TURN, UNIT, Loop, cosine, sine

Outline = tuple[Loop, ...]


def _exact(points: list[tuple[float, float]]) -> Loop:
    return tuple((round(x * UNIT), round(y * UNIT)) for x, y in points)


def _polar(radius: Callable[[float], float], corners: int = 96) -> Loop:
    angles = [2 * math.pi * i / corners for i in range(corners)]
    return _exact([(radius(a) * math.sin(a), -radius(a) * math.cos(a)) for a in angles])


def _rounded(points: list[tuple[float, float]], share: float, steps: int = 6) -> Loop:
    """Replace each corner by a quadratic Bezier curve that begins and ends at `share` of its edges."""
    smooth: list[tuple[float, float]] = []
    for before, corner, after in zip(points[-1:] + points[:-1], points, points[1:] + points[:1], strict=True):
        start, end = _between(corner, before, share), _between(corner, after, share)
        smooth += [_bezier(start, corner, end, i / steps) for i in range(steps + 1)]
    return _exact(smooth)


def _between(a: tuple[float, float], b: tuple[float, float], t: float) -> tuple[float, float]:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t


def _bezier(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], t: float) -> tuple[float, float]:
    return _between(_between(a, b, t), _between(b, c, t), t)


def _star() -> Outline:
    radii = [1.12 if i % 2 == 0 else 0.5 for i in range(10)]
    turns = [math.pi * i / 5 for i in range(10)]
    return (_rounded([(r * math.sin(a), -r * math.cos(a)) for r, a in zip(radii, turns, strict=True)], 0.22),)


def _heart() -> Outline:
    turns = [2 * math.pi * i / 96 for i in range(96)]
    across = [16 * math.sin(t) ** 3 for t in turns]
    up = [13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t) for t in turns]
    return (_exact([(x / 16.5, -(y + 2.5) / 16.5) for x, y in zip(across, up, strict=True)]),)


def _cross() -> Outline:
    a, b = 0.36, 1.0
    corners = [
        (-a, -b),
        (a, -b),
        (a, -a),
        (b, -a),
        (b, a),
        (a, a),
        (a, b),
        (-a, b),
        (-a, a),
        (-b, a),
        (-b, -a),
        (-a, -a),
    ]
    return (_rounded(corners, 0.2),)


def _crescent() -> Outline:
    """A disc of radius 1.06 without the disc of radius 0.84 whose centre lies 0.56 to the right."""
    big, small, away = 1.06, 0.84, 0.56
    x = (big**2 - small**2 + away**2) / (2 * away)
    outer, inner = math.acos(x / big), math.acos((x - away) / small)
    steps = [i / 48 for i in range(49)]
    back = [outer + (2 * math.pi - 2 * outer) * t for t in steps]
    forth = [2 * math.pi - inner + (2 * inner - 2 * math.pi) * t for t in steps]
    rim = [(big * math.cos(a) + 0.2, big * math.sin(a)) for a in back]
    bite = [(away + small * math.cos(a) + 0.2, small * math.sin(a)) for a in forth]
    return (_exact(rim + bite),)


def _ring() -> Outline:
    return _polar(lambda _: 1.0), _polar(lambda _: 0.44)


def _triangle() -> Outline:
    return (_rounded([(0.0, -1.16), (1.02, 0.68), (-1.02, 0.68)], 0.14),)


def _flower() -> Outline:
    return (_polar(lambda a: 0.62 + 0.44 * abs(math.cos(3 * a)), 144),)


def _arrow() -> Outline:
    corners = [(0.0, -1.12), (0.92, -0.12), (0.36, -0.12), (0.36, 1.0), (-0.36, 1.0), (-0.36, -0.12), (-0.92, -0.12)]
    return (_rounded(corners, 0.12),)


SHAPES: dict[str, Outline] = {
    "arrow": _arrow(),
    "crescent": _crescent(),
    "cross": _cross(),
    "flower": _flower(),
    "heart": _heart(),
    "ring": _ring(),
    "star": _star(),
    "triangle": _triangle(),
}


def _pebble(random: np.random.Generator) -> Outline:
    """A blob whose radius swings twice and thrice around."""
    second, third = (int(v) for v in random.integers(0, TURN, 2))
    swing = [500 * cosine(2 * a + second) + 260 * cosine(3 * a + third) for a in range(0, TURN, 16)]
    radii = [3300 + wave // UNIT for wave in swing]
    return (
        tuple((r * cosine(a) // UNIT, r * sine(a) // UNIT) for r, a in zip(radii, range(0, TURN, 16), strict=True)),
    )


def _leaf(random: np.random.Generator) -> Outline:
    """A lens with two pointed ends."""
    width = int(random.integers(1300, 2000))
    along = [UNIT * i // 16 for i in range(-16, 17)]
    half = [width * (UNIT * UNIT - x * x) // (UNIT * UNIT) for x in along]
    upper = list(zip(along, half, strict=True))
    return (tuple(upper + [(x, -y) for x, y in reversed(upper)]),)


def _stick(random: np.random.Generator) -> Outline:
    """A rod with round ends."""
    half = int(random.integers(380, 560))
    ends = [(half * cosine(a) // UNIT, half * sine(a) // UNIT) for a in range(-TURN // 4, TURN // 4 + 1, 32)]
    right = [(x + UNIT - half, y) for x, y in ends]
    return (tuple(right + [(-x, -y) for x, y in right]),)


CLUTTER: tuple[Callable[[np.random.Generator], Outline], ...] = (_pebble, _leaf, _stick)
COVERS: tuple[Callable[[np.random.Generator], Outline], ...] = (_leaf, _stick)
