from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.experiment import ExperimentSpec
from core.pruning.criteria import CRITERIA
from core.pruning.scopes import SCOPES
from core.pruning.settings import FORMS, Pruning
from core.pruning.techniques import TECHNIQUES
from core.series import series_of, titles, with_series
from core.training.presets import PRESETS
from core.training.retraining import Retraining

retrainings = st.none() | st.builds(
    Retraining,
    data_sha=st.just("of the images"),
    epochs=st.integers(1, 2),
    steps=st.integers(1, 2),
    spacing=st.sampled_from(["linear", "cubic"]),
    optimiser=st.sampled_from(["sgd", "adam"]),
    learning_rate=st.sampled_from([0.01, 0.02]),
    momentum=st.sampled_from([0.8, 0.9]),
    held=st.booleans(),
)
specs = st.builds(
    ExperimentSpec,
    pruning=st.builds(
        Pruning,
        technique=st.sampled_from(list(TECHNIQUES)),
        criterion=st.sampled_from(list(CRITERIA)),
        scope=st.sampled_from(list(SCOPES)),
        form=st.sampled_from(list(FORMS)),
        seed=st.integers(0, 2),
        stem=st.booleans(),
        rate=st.sampled_from([0.1, 0.25, 0.5]),
    ),
    retraining=retrainings,
)


def at(spec, rate):
    return replace(spec, pruning=replace(spec.pruning, rate=rate))


def run(spec):
    return spec.run_id("of the network", "of the data")


@given(specs, st.sampled_from([0.2, 0.7]))
def test_runs_that_differ_in_their_rate_alone_are_on_one_curve(spec, rate):
    assert series_of(spec) == series_of(at(spec, rate))


@given(specs, specs)
def test_curves_agree_exactly_when_the_experiments_do_at_the_same_rate(one, other):
    same_rate = at(other, one.pruning.rate)
    assert (series_of(one) == series_of(same_rate)) == (run(one) == run(same_rate))


@given(st.lists(st.one_of(specs, specs.map(ExperimentSpec.control)), min_size=1, max_size=8))
def test_no_two_curves_have_the_same_name(found):
    series = {series_of(spec) for spec in found} - {None}
    assert len(set(titles(series).values())) == len(series)


def test_the_dense_network_is_on_no_curve_of_its_own():
    assert series_of(ExperimentSpec()) is None
    frame = with_series(pd.DataFrame({"spec": [ExperimentSpec().to_json()], "network_sha": ["a"]}))
    assert frame["series"].tolist() == [None]


def test_a_dense_control_is_the_same_for_all_that_were_retrained_alike():
    how = Retraining(data_sha="of the images", steps=3)
    one, other = (
        ExperimentSpec(pruning=Pruning(technique, rate=0.5), retraining=replace(how, spacing=spacing))
        for technique, spacing in (("structured", "linear"), ("connection", "cubic"))
    )
    assert series_of(one.control()) == series_of(other.control())
    assert run(one.control()) == run(other.control()) != run(one.dense())
    assert series_of(one.control()).control


def test_a_control_of_a_network_that_came_pruned_is_not_called_dense():
    """What is known of it on other images, or not yet, does not count."""
    control = ExperimentSpec(retraining=Retraining(data_sha="of the images"))
    frame = pd.DataFrame(
        {
            "spec": [one.to_json() for one in (ExperimentSpec(), ExperimentSpec(), control, ExperimentSpec(), control)],
            "network_sha": [*"aaabb"],
            "parameters": [1000, None, 1000, 1000, 1000],
            "nonzero": [570, None, 570, 1000, 1000],
        }
    )
    found = with_series(frame)
    assert found["own_zeros"].tolist() == pytest.approx([0.43] * 3 + [0.0] * 2)
    came, dense = found["series"].iloc[[2, 4]]
    assert came == dense
    assert [one.parts["technique"] for one in (came, dense)] == ["Control, 43 % zeros", "Dense control"]


def test_a_name_says_no_more_than_it_takes_to_tell_the_curves_apart():
    local, everywhere = (
        ExperimentSpec(pruning=Pruning("structured", scope=scope, rate=0.1)) for scope in ("local", "global")
    )
    assert list(titles([series_of(local)]).values()) == ["Structured"]
    assert list(titles(map(series_of, (everywhere, local))).values()) == ["Structured, local", "Structured, global"]


def test_curves_are_told_apart_by_how_they_were_retrained():
    plain = ExperimentSpec(pruning=Pruning("structured", rate=0.1))
    how = {name: replace(preset.retraining, data_sha="of the images") for name, preset in PRESETS.items()}
    again = replace(how["quick"], learning_rate=0.05)
    found = [replace(plain, retraining=one) for one in (None, how["recalibrate"], how["quick"], again)]
    assert set(titles(map(series_of, found)).values()) == {
        "Structured",
        "Structured, re-calibrated",
        "Structured, retrained 2 epochs by SGD, learning rate 0.005",
        "Structured, retrained 2 epochs by SGD, learning rate 0.05",
    }
