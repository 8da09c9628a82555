"""Pictures that stand on their own: maps with their titles, their scale and their caption drawn in."""

from __future__ import annotations

import importlib.util
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.figures.colours import colourise
from core.figures.maps import Picture, scale_ends
from core.figures.theme import palette
from core.words import shortened

_SIDE = 448  # pixels of the longer side of a panel
_MARGIN, _GAP = 24, 16
_TITLE, _TEXT = 20, 16  # font sizes
_LINE = 24  # pixels from a line of the caption to the next
_BAR = 16  # pixels, the height of the scale

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class Scale:
    """What the colours of a sheet mean: it ends at `limit`, None if each map ends at its own."""

    limit: float | None
    signed: bool
    unit: str


def sheet(panels: Sequence[tuple[str, Picture]], caption: Sequence[str], scale: Scale | None, *, dark: bool) -> Picture:
    """Return one picture (h, w, 3): the titled panels side by side, the scale under them, then the caption.

    Panels are enlarged to the same size; the caption's lines are wrapped. `scale` None draws none.
    """
    pictures = [_enlarged(picture) for _, picture in panels]
    width = 2 * _MARGIN + sum(picture.width for picture in pictures) + _GAP * (len(pictures) - 1)
    lines = [line for text in caption for line in _wrapped(text, width - 2 * _MARGIN)]
    top = _MARGIN + _TITLE + _GAP
    below = top + max(picture.height for picture in pictures) + _GAP
    words = below + (_BAR + 2 * _LINE + _GAP if scale else 0)
    page = Image.new("RGB", (width, words + len(lines) * _LINE + _MARGIN), palette(dark).background)
    draw = ImageDraw.Draw(page)
    left = _MARGIN
    for (title, _), picture in zip(panels, pictures, strict=True):
        draw.text((left, _MARGIN), title, palette(dark).text, font(_TITLE))
        page.paste(picture, (left, top))
        left += picture.width + _GAP
    if scale:
        _draw_scale(page, draw, scale, below, dark)
    for number, line in enumerate(lines):
        draw.text((_MARGIN, words + number * _LINE), line, palette(dark).muted, font(_TEXT))
    return np.asarray(page)


def grid(cards: Sequence[tuple[str, Picture]], columns: int) -> Picture:
    """Return titled pictures (h, w, 3) in rows of so many, on white; a title too long for its picture is cut."""
    rows = [cards[first : first + columns] for first in range(0, len(cards), columns)]
    drawn = [sheet([(_fitting(title), picture) for title, picture in row], [], None, dark=False) for row in rows]
    width, height = max(row.shape[1] for row in drawn), sum(row.shape[0] for row in drawn)
    page, top = np.full((height, width, 3), drawn[0][0, 0], np.uint8), 0
    for row in drawn:
        page[top : top + row.shape[0], : row.shape[1]] = row
        top += row.shape[0]
    return page


def _fitting(title: str) -> str:
    longest = len(title)
    while longest > 1 and font(_TITLE).getlength(shortened(title, longest)) > _SIDE:
        longest -= 1
    return shortened(title, longest)


@cache
def font(size: int) -> Font:
    """Return a font that knows the signs of most languages; where it is missing, Pillow's own."""
    found = importlib.util.find_spec("matplotlib")  # DejaVu Sans comes with it; it need not be imported for that
    path = Path(found.origin or "").parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf" if found else Path()
    return ImageFont.truetype(path, size) if path.is_file() else ImageFont.load_default(size)


def _enlarged(picture: Picture) -> Image.Image:
    image = Image.fromarray(picture)
    times = _SIDE / max(image.size)
    size = (max(1, round(image.width * times)), max(1, round(image.height * times)))
    return image.resize(size, Image.Resampling.BICUBIC)


def _wrapped(text: str, width: int) -> list[str]:
    characters = max(20, int(width / (font(_TEXT).getlength("abcdefghij klmno") / 16)))
    return textwrap.wrap(text, characters, break_long_words=True)


def _draw_scale(page: Image.Image, draw: ImageDraw.ImageDraw, scale: Scale, top: int, dark: bool) -> None:
    """Draw the words for its ends and its unit, the colours, and the numbers."""
    left, right = _MARGIN, page.width - _MARGIN
    values = np.linspace(-1 if scale.signed else 0, 1, right - left)[None].repeat(_BAR, 0)
    colours = colourise(values, limit=1, signed=scale.signed, dark=dark)
    low, high = scale_ends(scale.signed)
    muted, small = palette(dark).muted, font(_TEXT)
    places = ((left, "la"), ((left + right) // 2, "ma"), (right, "ra"))
    for (x, anchor), words in zip(places, (low, scale.unit, high), strict=True):
        draw.text((x, top), words, muted, small, anchor=anchor)
    page.paste(Image.fromarray(np.rint(colours).astype(np.uint8)), (left, top + _LINE))
    for (x, anchor), words in zip(places, _numbers(scale), strict=True):
        draw.text((x, top + _LINE + _BAR + 4), words, muted, small, anchor=anchor)


def _numbers(scale: Scale) -> tuple[str, str, str]:
    end = "its own end" if scale.limit is None else f"{scale.limit:.2g}"
    return (f"-{end}" if scale.limit is not None else end, "0", end) if scale.signed else ("0", "", end)
