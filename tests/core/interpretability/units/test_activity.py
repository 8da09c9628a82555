from __future__ import annotations

import numpy as np
import pytest

from core.interpretability.units.activity import Activity


def activity(**values):
    empty = dict.fromkeys(Activity.__dataclass_fields__, np.zeros(0))
    return Activity(**{**empty, "places": ("a", "b", "c"), "widths": (2, 3, 1), **values})


def test_units_are_numbered_through_the_places():
    found = activity()
    for at, (place, width) in enumerate(zip(found.places, found.widths, strict=True)):
        units = found.units_of(place)
        assert found.place_of[units].tolist() == [at] * width
        assert found.channel_of[units].tolist() == list(range(width))
    assert len(found.place_of) == len(found.channel_of) == 6
    with pytest.raises(KeyError, match="d"):
        found.units_of("d")


def test_a_unit_is_constant_by_its_range_not_by_its_value():
    found = activity(maximum=np.float32([5, 1e-9, 1]), minimum=np.float32([5, 0, 0]))
    assert found.constant.tolist() == [True, True, False]


@pytest.mark.parametrize("scale", [1e-3, 1, 1e4])
def test_what_rounding_makes_is_no_change_at_any_scale(scale):
    least = np.full(3, -2.46 * scale, np.float32)
    step = np.float32(2.46 * scale * np.finfo(np.float32).eps)
    found = activity(minimum=least, maximum=least + step * np.float32([1, 12, 200]))
    assert found.constant.tolist() == [True, True, False]
