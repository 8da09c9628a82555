"""Colours that go together: full ones for objects, quiet ones for grounds."""

from __future__ import annotations

from itertools import permutations

Colour = tuple[int, int, int]

OBJECTS: tuple[Colour, ...] = (
    (226, 88, 74),  # coral
    (240, 180, 64),  # mustard
    (38, 148, 142),  # teal
    (46, 74, 126),  # navy
    (246, 236, 214),  # cream
    (134, 70, 128),  # plum
    (132, 172, 108),  # sage
    (104, 168, 214),  # sky
    (168, 60, 52),  # brick
    (58, 54, 64),  # charcoal
    (240, 156, 168),  # rose
    (232, 128, 56),  # orange
)

GROUNDS: dict[str, tuple[tuple[Colour, Colour], ...]] = {
    "stone": (
        ((186, 178, 166), (142, 136, 130)),
        ((206, 188, 156), (172, 148, 116)),
        ((150, 158, 168), (112, 120, 134)),
        ((196, 166, 150), (158, 124, 112)),
    ),
    "wood": (
        ((196, 150, 102), (146, 102, 66)),
        ((214, 184, 142), (178, 142, 102)),
        ((138, 98, 70), (98, 66, 48)),
        ((168, 160, 148), (126, 118, 110)),
    ),
    "linen": (
        ((218, 208, 188), (178, 166, 146)),
        ((140, 158, 178), (100, 118, 142)),
        ((178, 188, 164), (136, 148, 124)),
        ((206, 170, 164), (168, 130, 126)),
    ),
    "moss": (
        ((142, 160, 92), (86, 112, 62)),
        ((120, 152, 116), (72, 104, 82)),
        ((176, 168, 104), (126, 120, 68)),
    ),
}


def _luminance(colour: Colour) -> int:
    red, green, blue = colour
    return (54 * red + 183 * green + 19 * blue) >> 8


PAIRS: tuple[tuple[Colour, Colour], ...] = tuple(
    (a, b) for a, b in permutations(OBJECTS, 2) if abs(_luminance(a) - _luminance(b)) >= 56
)
