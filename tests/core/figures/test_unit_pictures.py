from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from core.figures.unit_pictures import (
    ActivationScale,
    activation_bar,
    activation_scale,
    fired,
    jpeg,
    picture_grid,
)

rng = np.random.default_rng(0)


def pictures(count, side=32):
    return rng.integers(0, 256, (count, side, side, 3), np.uint8)


def maps(values):
    return np.asarray(values, np.float32).reshape(-1, 2, 2)


def test_one_scale_for_all_networks_and_signed_as_soon_as_one_value_is_negative():
    first, second = maps([1, 2, 3, 4]), maps([0, 1, 2, 8])
    assert activation_scale([first, second]) == ActivationScale(pytest.approx(8, rel=0.05), signed=False)
    assert activation_scale([first, -second]).signed
    assert activation_scale([first, -second]).limit == activation_scale([first, second]).limit


@pytest.mark.parametrize("absent", [[], [np.ones((9, 1, 1), np.float32)], [np.zeros((0, 4, 4), np.float32)]])
def test_logits_have_no_place_in_the_image_and_so_no_scale(absent):
    assert activation_scale(absent) is None


def test_the_bar_names_both_ends_and_is_symmetric_where_signed():
    bar = activation_bar(ActivationScale(2.5, signed=True), dark=True, unit="activation")
    assert bar.layout.xaxis.ticktext == ("−2.5", "0", "2.5")
    assert [one.text for one in bar.layout.annotations] == ["low", "activation", "high"]
    counted = activation_bar(ActivationScale(2.5, signed=True), dark=True, unit="activation", centre="its mean")
    assert counted.layout.xaxis.ticktext == ("−2.5", "its mean", "+2.5")
    assert activation_bar(ActivationScale(3, signed=False), dark=True, unit="").layout.xaxis.ticktext == ("0", "3")


def test_a_map_is_laid_where_it_fired_and_nowhere_else():
    grey = np.full((1, 32, 32, 3), 128, np.uint8)
    corner = maps([4, 0, 0, 0])
    laid = fired(grey, corner, ActivationScale(4.0, signed=True), opacity=0.5, dark=False)[0].astype(int)
    redness = laid[..., 0] - laid[..., 2]
    assert redness[2, 2] > 60
    assert abs(redness[-3, -3]) <= 1
    assert np.array_equal(fired(grey, corner, ActivationScale(4.0, signed=True), opacity=0, dark=False), grey)


def test_each_picture_is_laid_on_its_own():
    some, values = pictures(3), rng.normal(size=(3, 4, 4)).astype(np.float32)
    scale = ActivationScale(2.0, signed=True)
    together = fired(some, values, scale, opacity=0.7, dark=False)
    for place in range(3):
        alone = fired(some[place : place + 1], values[place : place + 1], scale, opacity=0.7, dark=False)
        assert np.array_equal(together[place], alone[0])


def test_a_grid_holds_every_picture_with_its_words_and_its_key_in_rows():
    words, keys = [f"{value}" for value in range(7)], [f"image {value}" for value in range(7)]
    figure = picture_grid(pictures(7), words, words, columns=3, width=300, dark=False, keys=keys)
    felt, written = figure.data
    assert len(figure.layout.images) == 7
    assert list(felt.customdata) == keys
    assert list(written.text) == words
    assert len(set(felt.x)) == len(set(felt.y)) == 3
    assert figure.layout.height == 3 * 118  # three rows of 100 pixels and a line of words
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "the first picture stands on top"


def test_pictures_without_words_tell_nothing_of_themselves():
    figure = picture_grid(pictures(9), columns=3, width=300, dark=True)
    assert len(figure.data) == 0
    assert len(figure.layout.images) == 9


def test_pictures_are_no_larger_than_they_are_shown_and_look_the_same():
    smooth = np.asarray(Image.linear_gradient("L").convert("RGB"))
    small = np.asarray(Image.open(io.BytesIO(jpeg(smooth, 64))))
    assert small.shape == (64, 64, 3)
    assert np.abs(small.astype(int) - smooth[2::4, 2::4].astype(int)).max() < 8
    figure = picture_grid(smooth[None], columns=1, width=50, dark=False)
    data = base64.b64decode(figure.layout.images[0].source.partition(",")[2])
    assert Image.open(io.BytesIO(data)).size == (100, 100)
