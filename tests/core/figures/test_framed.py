"""A whole photograph, the part that is fed framed: what is inside stays as it is, what is cut off grows faint."""

from __future__ import annotations

import numpy as np
import pytest

from core.figures.colours import rgb
from core.figures.framed import framed
from core.figures.theme import ACCENT, palette

RED = np.full((100, 200, 3), (200, 30, 30), np.uint8)


def whereabouts(drawn, colour):
    """The rectangle around all pixels of a colour: left, top, right, bottom."""
    rows, columns = np.nonzero((drawn == np.array(colour, np.uint8)).all(-1))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("dark", [False, True])
def test_what_is_fed_is_as_it_was_and_the_rest_is_faint(dark):
    drawn = framed(RED, (50, 0, 150, 100), side=200, dark=dark)
    left, top, right, bottom = whereabouts(drawn, (200, 30, 30))
    assert (right - left, bottom - top) == (100, 100)
    outside = drawn[drawn.shape[0] // 2, left // 2].astype(int)
    ground = np.array(rgb(palette(dark).background))
    assert np.abs(outside - ground).sum() < np.abs(np.array((200, 30, 30)) - ground).sum()
    around = whereabouts(drawn, rgb(ACCENT))
    assert around[0] < left < right < around[2]
    assert around[1] < top < bottom < around[3]


@pytest.mark.parametrize("side", [50, 200, 800])
def test_it_is_brought_to_size_whatever_it_was(side):
    height, width, _ = framed(RED, (50, 0, 150, 100), side=side, dark=False).shape
    assert 0 <= width - side <= 12
    assert 0 <= height - side // 2 <= 12


def test_where_the_frame_goes_beyond_there_is_black_as_it_is_fed():
    drawn = framed(RED[:, :100], (-50, -50, 150, 150), side=200, dark=False)
    left, top, right, bottom = whereabouts(drawn, (0, 0, 0))
    assert (right - left, bottom - top) == (200, 200)
    inner = whereabouts(drawn, (200, 30, 30))
    assert (inner[0] - left, inner[1] - top, right - inner[2], bottom - inner[3]) == (50, 50, 50, 50)
