from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from core.experiment import ExperimentSpec
from core.figures.axes import ACROSS
from core.figures.curves import tradeoff_curves
from core.figures.pareto import comparable, not_dominated, pareto_front, with_front
from core.pruning.settings import Pruning
from core.series import with_series
from core.training.retraining import Retraining

values = st.floats(-5, 5, allow_nan=False) | st.integers(0, 3).map(float)  # integers: ties are to be met
points = st.lists(st.tuples(values, values), max_size=30)


def beats(one, other):
    return all(a <= b for a, b in zip(one, other, strict=True)) and one != other


@given(points)
def test_on_the_front_is_exactly_what_no_other_point_beats(found):
    first, second = (np.array([point[k] for point in found]) for k in (0, 1))
    expected = [not any(beats(other, point) for other in found) for point in found]
    assert not_dominated(first, second).tolist() == expected


@given(points)
def test_every_point_off_the_front_is_beaten_by_one_on_it(found):
    on = not_dominated(*(np.array([point[k] for point in found]) for k in (0, 1)))
    front = [point for point, one in zip(found, on, strict=True) if one]
    off = [point for point, one in zip(found, on, strict=True) if not one]
    assert all(any(beats(one, point) for one in front) for point in off)


def runs(rows, retraining=None):
    """Runs of rate, top-1 and parameters that are not zero."""
    frame = pd.DataFrame(rows, columns=["rate", "top1", "nonzero"])
    specs = [ExperimentSpec(pruning=Pruning(rate=rate), retraining=retraining).to_json() for rate in frame["rate"]]
    bounds = {f"{k}{end}": frame["top1"] for k in ("top1", "top5") for end in ("", "_low", "_high")}
    about = {"id": [f"run {place}" for place in frame.index], "spec": specs, "state": "done", "images": 100}
    return with_series(frame.assign(**bounds, **about, loss=1 - frame["top1"], network_sha="n"))


RUNS = runs([(0.0, 0.9, 6e6), (0.2, 0.91, 5e6), (0.4, 0.7, 4e6), (0.5, 0.75, 3e6), (0.8, 0.1, 1e6), (0.9, 0.1, None)])


def test_less_of_a_cost_is_better_and_more_of_what_is_removed():
    assert pareto_front(RUNS, "parameters")["rate"].tolist() == [0.8, 0.5, 0.2]
    assert pareto_front(RUNS, "rate")["rate"].tolist() == [0.2, 0.5, 0.9]
    assert pareto_front(RUNS, "rate", "loss")["rate"].tolist() == [0.2, 0.5, 0.9]


def test_the_line_steps_through_the_front_and_shows_what_is_reached_at_each_place():
    figure = with_front(tradeoff_curves(RUNS, 10, x="parameters"), RUNS, x="parameters")
    line = figure.data[-1]
    front = pareto_front(RUNS, "parameters")
    assert (list(line.x), list(line.y)) == (front[ACROSS].tolist(), front["top1"].tolist())
    assert line.line.shape == "hv"  # what 4e6 parameters can do is what 3e6 can
    assert with_front(tradeoff_curves(RUNS, 10), RUNS, x="rate").data[-1].line.shape == "vh"


def test_what_is_not_finished_or_saw_fewer_images_than_most_beats_nothing():
    better = runs([(0.95, 1.0, 1e5), (0.96, 1.0, 1e4), (0.97, 1.0, 1e3)])
    better = better.assign(state=["running", "done", "cancelled"], images=[1000, 2, 99])
    for axis in ("parameters", "rate"):
        front = pareto_front(pd.concat([RUNS, better], ignore_index=True), axis)
        assert front["rate"].tolist() == pareto_front(RUNS, axis)["rate"].tolist()
    assert len(comparable(RUNS.assign(images=[100, 200, 300, 400, 500, 600]), "rate")) == len(RUNS)


def test_masks_that_were_let_go_have_no_place_on_a_front_of_nominal_rates():
    loose = runs([(0.95, 1.0, 6e6), (0.96, 0.99, 6e6)], Retraining(held=False, data_sha="e" * 64))
    loose = loose.assign(sparsity_prunable=0.001)
    both = pd.concat([RUNS.assign(sparsity_prunable=RUNS["rate"]), loose], ignore_index=True)
    assert pareto_front(both, "rate")["rate"].tolist() == [0.2, 0.5, 0.9]
    assert pareto_front(both, "sparsity")["rate"].tolist() == [0.95, 0.2, 0.5, 0.9]
    kept = runs([(0.95, 1.0, 6e6)], Retraining(data_sha="e" * 64))
    assert pareto_front(pd.concat([both, kept], ignore_index=True), "rate")["rate"].tolist() == [0.95]


def test_without_runs_there_is_no_front():
    assert pareto_front(RUNS.iloc[:0], "rate").empty
    assert pareto_front(RUNS, "latency").empty
