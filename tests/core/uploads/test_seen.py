from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.data.preset import Preset, cropped
from core.errors import BrokenDataError
from core.uploads.photos import read_photo
from core.uploads.seen import seen
from tests.core.uploads.pictures import encoded, noise


def slope(width: int, height: int) -> Image.Image:
    """Red tells how far to the right a pixel is, green how far down, in 255ths."""
    across, down = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    return Image.fromarray((np.stack([across, down, 0 * down], -1) * 255).round().astype(np.uint8))


def test_pixels_are_those_of_the_preset():
    photo, preset = read_photo("a", encoded(noise(90, 70))), Preset(64, 56)
    found = seen(photo, preset)
    assert np.array_equal(found.pixels, np.asarray(cropped(noise(90, 70), preset)))


@settings(max_examples=40)
@given(
    width=st.integers(60, 400),
    height=st.integers(60, 400),
    preset=st.sampled_from([Preset(64, 56), Preset(48, 48), Preset(None, 56), Preset(128, 96)]),
)
def test_the_box_is_where_the_pixels_come_from(width, height, preset):
    """The first and last pixels tell their places; these are those of the box, half a pixel inside of it."""
    picture = slope(width, height)
    found = seen(read_photo("a", encoded(picture)), preset)
    scale = min(width, height) / preset.resize if preset.resize else 1.0
    middle = found.pixels.shape[0] // 2
    left, right = (found.pixels[middle, place, 0] / 255 * width for place in (0, -1))
    top, bottom = (found.pixels[place, middle, 1] / 255 * height for place in (0, -1))
    box, slack = found.box, 1.1 * scale + max(width, height) / 255
    expected = (box.left + scale / 2, box.right - scale / 2, box.top + scale / 2, box.bottom - scale / 2)
    assert np.allclose((left, right, top, bottom), expected, atol=slack)


@given(width=st.integers(1, 300), height=st.integers(1, 300))
@settings(max_examples=30)
def test_the_box_is_square_and_in_the_middle(width, height):
    box = seen(read_photo("a", encoded(Image.new("RGB", (width, height)))), Preset(64, 56)).box
    assert box.right - box.left == pytest.approx(box.bottom - box.top)
    assert (box.left + box.right, box.top + box.bottom) == (pytest.approx(width), pytest.approx(height))


def test_where_black_is_added_the_box_goes_beyond():
    found = seen(read_photo("a", encoded(Image.new("RGB", (20, 60), "white"))), Preset(None, 40))
    assert (found.box.left, found.box.right, found.box.top, found.box.bottom) == (-10, 30, 10, 50)
    assert (found.pixels[:, :10] == 0).all()
    assert (found.pixels[:, 10:30] == 255).all()


def test_a_thread_of_a_picture_is_refused():
    with pytest.raises(BrokenDataError, match="too long for their width"):
        seen(read_photo("a", encoded(Image.new("L", (1, 60_000)))), Preset(256, 224))
