from __future__ import annotations

import numpy as np
import pytest

from core.figures.captions import about, details, scale_in_words, shown_as
from core.figures.look import HEAT, MASKED, OVERLAY, STYLES, Look, limits, outlined, picture_of
from core.figures.maps import clipped_share
from core.interpretability.attribution.registry import METHODS
from core.interpretability.question import Question

WEAK = np.linspace(-1, 1, 400, dtype=np.float32).reshape(20, 20)
STRONG = 10 * WEAK
PICTURE = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)


def test_one_scale_for_all_ends_at_the_same_value_and_one_each_shows_equal_maps_alike():
    shared, own = Look(), Look(common=False)
    assert len(set(limits([WEAK, STRONG], shared))) == 1
    ends = limits([WEAK, STRONG], own)
    assert ends[1] == pytest.approx(10 * ends[0])
    drawn = [
        picture_of(PICTURE, each, own, limit=end, signed=True, dark=False)
        for each, end in zip((WEAK, STRONG), ends, strict=True)
    ]
    assert np.array_equal(*drawn)
    assert limits([], shared) == []


@pytest.mark.parametrize("percentile", [90.0, 99.0, 100.0])
def test_as_many_pixels_lie_beyond_the_scale_as_the_percentile_leaves(percentile):
    look = Look(percentile=percentile, common=False)
    maps = [WEAK, STRONG]
    assert clipped_share(maps, limits(maps, look)) == pytest.approx(1 - percentile / 100, abs=0.01)


def test_a_heat_map_does_not_depend_on_the_picture_and_a_masked_picture_not_on_the_scale():
    heat, hidden = Look(HEAT), Look(MASKED)
    options = {"signed": True, "dark": False}
    one, other = (picture_of(each, WEAK, heat, limit=1, **options) for each in (PICTURE, 255 - PICTURE))
    assert np.abs(one.astype(int) - other).max() <= 1
    assert np.array_equal(*(picture_of(PICTURE, WEAK, hidden, limit=end, **options) for end in (1, 5)))


def test_the_outline_is_drawn_only_where_it_is_wanted_and_known():
    mask = np.zeros((20, 20), bool)
    mask[5:9, 5:9] = True
    assert outlined(PICTURE, mask, Look()) is PICTURE
    assert outlined(PICTURE, None, Look(outline=True)) is PICTURE
    assert outlined(PICTURE, mask, Look(outline=True)).shape == (40, 40, 3)


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_a_caption_says_method_target_settings_baseline_and_seed(method):
    question = Question(method.name, "dense", seed=7)
    said = about(question, "star")
    assert said.startswith(f"{method.title} for star (dense prediction)")
    assert all(parameter.title.lower() in said for parameter in method.parameters)
    assert ("baseline" in said) == (method.baseline is not None)
    assert ("seed 7" in said) == ("seed" in question.canonical())


def test_details_are_in_the_order_of_the_entry():
    assert details(Question("ig"))[0] == "steps 50"


def test_the_scale_is_put_in_words():
    assert "all 2 maps ends at the 99th percentile of all their values; 1.0 % of the pixels" in scale_in_words(
        Look(), [WEAK, WEAK], limits([WEAK, WEAK], Look())
    )
    whole = Look(percentile=100, common=False)
    assert scale_in_words(whole, [WEAK, STRONG], limits([WEAK, STRONG], whole)) == (
        "The colour scale of each map ends at the maximum of its values."
    )
    end = limits([WEAK, STRONG], Look())[:1]
    assert scale_in_words(Look(), [WEAK], end, together=2).startswith("One colour scale for all 2 maps")
    assert "20 % of the pixels that count most" in scale_in_words(Look(MASKED), [WEAK], [1.0])
    assert [shown_as(Look(style)) for style in STYLES] == ["overlay at opacity 0.50", "heat map", "masked picture"]
    assert STYLES[0] == OVERLAY
