from __future__ import annotations

import json
import math

from core.strict_json import strict_json


def refuse(name):
    raise ValueError(name)


def test_what_is_no_finite_number_is_null_wherever_it_stands():
    value = {"a": math.nan, "b": [1.5, -math.inf, {"c": (math.inf, 2)}], "d": "NaN", "e": None, "f": True}
    expected = {"a": None, "b": [1.5, None, {"c": [None, 2]}], "d": "NaN", "e": None, "f": True}
    assert json.loads(strict_json(value), parse_constant=refuse) == expected
