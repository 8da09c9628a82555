from __future__ import annotations

import pytest

from core.benchmarks.train import bench_train


@pytest.mark.slow
def test_our_step_is_timed_against_torchvisions_with_and_without_a_loader():
    found = list(bench_train("cpu", steps=1, batch=2))
    assert [one.name.split(", batch")[0] for one in found] == [
        "train, 224 px, given tensors",
        "train, 224 px, with the loaders",
        "train, demo, 128 px, given tensors",
        "train, demo, 128 px, with the loaders",
    ]
    assert all(one.ratio > 0 and one.unit == "steps/s" for one in found)
    assert ["ImageFolder" in one.against for one in found] == [False, True, False, True]
