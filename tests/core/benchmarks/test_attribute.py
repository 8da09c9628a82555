from __future__ import annotations

import pytest

from core.benchmarks.attribute import METHODS, bench_attribute


def test_both_sides_are_timed_for_each_method():
    found = list(bench_attribute("cpu", size=32, images=1, rounds=1))
    assert [one.name for one in found] == [f"{method}, 32 px" for method in METHODS]
    assert all(one.ratio == pytest.approx(one.ours / one.reference) for one in found)
    assert all(one.unit == "maps/s" for one in found)
