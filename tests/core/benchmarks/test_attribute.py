from __future__ import annotations

import pytest

from core.benchmarks.attribute import bench_attribute
from core.interpretability.attribution.registry import METHODS


@pytest.mark.slow
def test_every_method_is_timed_against_the_passes_that_it_needs():
    found = list(bench_attribute("cpu", size=32, images=1, rounds=1))
    assert [one.name for one in found] == [f"{method}, 32 px" for method in METHODS]
    assert all(one.ratio == pytest.approx(one.ours / one.reference) for one in found)
    assert all(one.unit == "maps/s" for one in found)
    against = {one.name.partition(",")[0]: one.against for one in found}
    assert against["saliency"].startswith("1 forward and 1 backward passes")
    assert against["deeplift"].startswith("2 forward and 2 backward passes")
    assert against["occlusion"].startswith("26 forward and 0 backward passes")
