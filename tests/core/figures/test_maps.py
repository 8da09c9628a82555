from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.errors import InvalidSettingError
from core.figures.bars import top_bars
from core.figures.colours import colourise, rgb, stops
from core.figures.maps import clipped_share, common_limit, masked, outline, overlay, scale_bar
from core.figures.theme import ACCENT, DARK, LIGHT

LUMA = np.array([0.2126, 0.7152, 0.0722])

pictures = arrays(np.uint8, (6, 5, 3))
maps = arrays(np.float32, (6, 5), elements=st.floats(-4, 4, width=32))
themes = st.booleans()


def luma(picture):
    return picture.astype(float) @ LUMA


@given(pictures, maps, themes, themes)
def test_at_opacity_0_the_overlay_is_the_picture(picture, values, signed, dark):
    assert np.array_equal(overlay(picture, values, limit=1, signed=signed, opacity=0, dark=dark), picture)


@given(pictures, maps, themes, themes)
def test_at_opacity_1_the_overlay_is_the_plain_map(picture, values, signed, dark):
    plain = np.rint(colourise(values, limit=1, signed=signed, dark=dark))
    laid = overlay(picture, values, limit=1, signed=signed, opacity=1, dark=dark)
    assert np.abs(laid - plain).max() <= 1


@given(pictures, maps, themes, themes, st.floats(0, 0.5))
def test_up_to_half_opacity_the_picture_keeps_its_luminance(picture, values, signed, dark, opacity):
    laid = overlay(picture, values, limit=1, signed=signed, opacity=opacity, dark=dark)
    assert np.abs(luma(laid) - luma(picture)).max() <= 0.51  # what rounding to whole numbers can do


@given(pictures, themes)
def test_where_nothing_counts_a_signed_overlay_leaves_a_grey_picture(picture, dark):
    laid = overlay(picture, np.zeros((6, 5)), limit=1, signed=True, opacity=0.5, dark=dark).astype(int)
    tint = np.ptp(rgb(stops(True, dark)[4]))
    assert np.ptp(laid, axis=-1).max() <= tint + 1


@pytest.mark.parametrize("dark", [False, True])
def test_a_signed_scale_is_symmetric_about_the_background(dark):
    ends = colourise(np.array([[-2.0, -1.0, 0.0, 1.0, 2.0]]), limit=1, signed=True, dark=dark)[0]
    assert np.array_equal(ends[0], ends[1])
    assert np.array_equal(ends[3], ends[4])
    assert tuple(ends[2]) == rgb("#FFFFFF" if not dark else DARK.background)
    assert ends[1][2] > ends[1][0], "blue against"
    assert ends[3][0] > ends[3][2], "red for"


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_luminance_moves_one_way_from_the_middle_of_a_diverging_scale_to_each_end(palette):
    steps = np.diff([np.dot(rgb(colour), LUMA) for colour in palette.diverging])
    outwards = np.sign(steps[-1])
    assert np.all(np.sign(steps[4:]) == outwards)
    assert np.all(np.sign(steps[:4]) == -outwards)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_colours_of_a_diverging_scale_get_stronger_towards_both_ends(palette):
    strengths = np.array([np.linalg.norm(rgb(colour) - np.dot(rgb(colour), LUMA)) for colour in palette.diverging])
    assert np.all(np.diff(strengths[4:]) > 0)
    assert np.all(np.diff(strengths[:5]) < 0)


def test_an_unsigned_scale_gets_lighter_with_the_value():
    shades = luma(colourise(np.linspace(0, 3, 50)[None], limit=3, signed=False, dark=False))[0]
    assert np.all(np.diff(shades) > 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0.0},
        {"limit": -1.0},
        {"limit": float("nan")},
        {"opacity": 1.2},
        {"opacity": -0.1},
        {"values": np.zeros((5, 6))},
        {"image": np.zeros((6, 5, 3))},
    ],
)
def test_an_overlay_that_cannot_be_is_refused(wrong):
    asked = {"image": np.zeros((6, 5, 3), np.uint8), "values": np.zeros((6, 5)), "limit": 1.0, "opacity": 0.5}
    with pytest.raises(InvalidSettingError):
        overlay(**asked | wrong, signed=True, dark=False)


def test_the_common_limit_is_the_percentile_of_the_magnitudes_of_all_maps():
    first, second = -np.arange(100.0).reshape(10, 10), np.zeros((10, 10))
    assert common_limit([first], 100) == 99
    assert common_limit([first, second], 75) == np.percentile(np.r_[np.arange(100.0), np.zeros(100)], 75)
    assert common_limit([second]) == 1, "a scale for nothing is still a scale"
    needle = second.copy()
    needle[0, 0] = -7
    assert common_limit([needle], 50) == 7, "nearly all zero is not all zero"
    with pytest.raises(InvalidSettingError):
        common_limit([])
    with pytest.raises(InvalidSettingError):
        common_limit([first], 0)


def test_the_share_beyond_the_scale_counts_pixels_of_all_maps_on_both_sides():
    maps = [np.array([[-3.0, 0.5], [1.0, 2.0]]), np.zeros((2, 2))]
    assert clipped_share(maps, [1.0, 1.0]) == 2 / 8
    assert clipped_share(maps, [3.0, 1.0]) == 0


@given(pictures, maps, st.sampled_from([0.1, 0.2, 0.5, 1.0]), themes)
def test_a_masked_picture_shows_what_counts_most_for_the_class_and_no_more(picture, values, share, dark):
    laid = masked(picture, values, share=share, dark=dark)
    hidden = (masked(255 - picture, values, share=share, dark=dark) + laid.astype(int)) != 255
    shown = ~hidden.any(-1)
    assert np.array_equal(laid[shown], picture[shown])
    assert (values[shown] > 0).all()
    if shown.any() and not shown.all():
        assert values[shown].min() > values[~shown].max() or values[~shown].max() <= 0


def test_a_masked_picture_shows_the_share_that_was_asked_for():
    ranks = np.random.default_rng(0).permutation(400).reshape(20, 20) + 1.0
    picture = np.full((20, 20, 3), 77, np.uint8)
    laid = masked(picture, ranks, share=0.25, dark=False)
    assert (laid == 77).all(-1).sum() == 100
    with pytest.raises(InvalidSettingError):
        masked(picture, ranks, share=0, dark=False)


@given(arrays(np.bool_, (7, 8)))
def test_an_outline_touches_the_mask_and_does_not_cover_it(mask):
    drawn = outline(np.zeros((7, 8, 3), np.uint8), mask, "#FF8000")
    line = (drawn == (255, 128, 0)).all(-1)
    assert np.array_equal(drawn[mask], np.zeros_like(drawn[mask]))
    around = np.pad(mask, 1)
    neighbours = around[:-2, 1:-1] | around[2:, 1:-1] | around[1:-1, :-2] | around[1:-1, 2:]
    assert np.array_equal(line, neighbours & ~mask)


@pytest.mark.parametrize("ground", [0, 128, 255])
@pytest.mark.parametrize("colour", ["#FFFFFF", "#000000"])
def test_an_outline_is_seen_on_any_ground(ground, colour):
    mask = np.zeros((9, 9), bool)
    mask[4, 4] = True
    drawn = outline(np.full((9, 9, 3), ground, np.uint8), mask, colour).astype(int)
    assert np.abs(drawn - ground).max() >= 127


def test_an_outline_of_another_size_is_refused():
    with pytest.raises(InvalidSettingError):
        outline(np.zeros((7, 8, 3), np.uint8), np.zeros((8, 7), bool), "#000000")


@pytest.mark.parametrize(("signed", "words"), [(True, "against the class"), (False, "counts little")])
def test_a_scale_bar_shows_its_limits_and_says_what_they_mean(signed, words):
    figure = scale_bar(limit=0.25, signed=signed, dark=True, unit="logit")
    strip = figure.data[0]
    assert (strip.zmin, strip.zmax) == (-0.25 if signed else 0, 0.25)
    assert [colour for _, colour in strip.colorscale] == list(stops(signed, True))
    assert {words, "logit"} <= {note.text for note in figure.layout.annotations}


@pytest.mark.parametrize("signed", [True, False])
def test_a_scale_bar_of_maps_that_each_end_at_their_own_says_so(signed):
    axis = scale_bar(limit=None, signed=signed, dark=False, unit="logit").layout.xaxis
    assert axis.ticktext[-1] == "its own end"
    assert "0" in axis.ticktext


def test_top_bars_show_the_most_probable_classes_in_order():
    probabilities = np.array([0.05, 0.5, 0.1, 0.2, 0.15, 0.0])
    figure = top_bars(probabilities, list("abcdef"), true_class=3, highlight=1)
    bars = figure.data[0]
    assert list(bars.customdata) == ["b", "d", "e", "c", "a"]
    assert list(bars.x) == [0.5, 0.2, 0.15, 0.1, 0.05]
    assert [i for i, colour in enumerate(bars.marker.color) if colour == ACCENT] == [0]
    assert [i for i, label in enumerate(figure.layout.yaxis.ticktext) if "✓" in label] == [1]


def test_the_class_that_a_map_is_about_has_a_bar_however_improbable_it_is():
    probabilities = np.array([0.05, 0.4, 0.01, 0.3, 0.2, 0.04])
    bars = top_bars(probabilities, list("abcdef"), highlight=2, rows=3).data[0]
    assert list(bars.x) == [0.4, 0.3, 0.01]
    assert list(bars.customdata) == ["b", "d", "c"]
    assert list(bars.marker.color).count(ACCENT) == 1
    assert list(top_bars(probabilities, list("abcdef"), highlight=3, rows=3).data[0].x) == [0.4, 0.3, 0.2]


def test_the_height_of_top_bars_does_not_depend_on_the_values():
    two, many = np.array([0.4, 0.6]), np.full(100, 0.01)
    names = [f"a class with a very long name, number {i}" for i in range(100)]
    few, full = top_bars(two, names), top_bars(many, names)
    assert few.layout.height == full.layout.height
    assert few.layout.yaxis.range == full.layout.yaxis.range
    assert len(few.data[0].x) == 2
    assert all(len(label) <= 18 for label in full.layout.yaxis.ticktext)
