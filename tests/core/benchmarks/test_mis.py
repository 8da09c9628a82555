from __future__ import annotations

import pytest

from core.benchmarks.mis import bench_mis


@pytest.mark.slow
def test_all_units_of_googlenet_are_scored_against_a_plain_loop():
    (found,) = bench_mis(images=400, rounds=1)
    assert found.name.startswith("mis, 8,280 units, 400 images, ")
    assert found.unit == "units/s"
    assert found.ratio == pytest.approx(found.ours / found.reference)
