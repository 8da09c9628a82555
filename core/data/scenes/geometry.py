"""Exact turning and placing: whole numbers only, so that every machine draws the same pixels.

Lengths are whole 4096ths (`UNIT`), of the shape's radius or of the picture's width; angles whole 1024ths of a turn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

UNIT = 4096
TURN = 1024

Point = tuple[int, int]
Loop = tuple[Point, ...]
Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels, ends exclusive

_COSINE = tuple(round(UNIT * math.cos(2 * math.pi * angle / TURN)) for angle in range(TURN))


def cosine(angle: int) -> int:
    """Return the cosine of `angle` / 1024 turns, in 4096ths."""
    return _COSINE[angle % TURN]


def sine(angle: int) -> int:
    """Return the sine of `angle` / 1024 turns, in 4096ths."""
    return _COSINE[(angle - TURN // 4) % TURN]


@dataclass(frozen=True)
class Pose:
    """Where a shape lies: centre and radius in 4096ths of the width, angle in 1024ths of a turn."""

    x: int
    y: int
    radius: int
    angle: int

    def place(self, loop: Loop, pixels: int) -> list[Point]:
        """Return the loop's corners in a picture `pixels` wide."""
        c, s = cosine(self.angle), sine(self.angle)
        return [self._pixel(x * c - y * s, x * s + y * c, pixels) for x, y in loop]

    def _pixel(self, x: int, y: int, pixels: int) -> Point:
        across, down = (self.x << 24) + x * self.radius, (self.y << 24) + y * self.radius
        return (across * pixels) >> 36, (down * pixels) >> 36
