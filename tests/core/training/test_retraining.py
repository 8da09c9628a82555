from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from core.errors import InvalidSettingError
from core.experiment import ExperimentSpec, with_controls
from core.pruning.settings import Pruning
from core.training.presets import PRESETS
from core.training.retraining import NONE, Retraining, retraining_from

KNOWN = Retraining(data_sha="of the images")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"optimiser": "sdg"}, "optimiser 'sdg'"),
        ({"schedule": "linear"}, "learning rate schedule 'linear'"),
        ({"spacing": "quadratic"}, "spacing 'quadratic'"),
        ({"precision": "half"}, "precision 'half'"),
        ({"epochs": -1}, "epochs -1"),
        ({"epochs": 1.5}, "epochs 1.5"),
        ({"epochs": True}, "epochs True"),
        ({"learning_rate": 0}, "learning rate 0"),
        ({"learning_rate": math.nan}, "learning rate nan"),
        ({"images": 0}, "training images 0"),
        ({"crop": 0}, "least crop 0"),
        ({"batch": 0}, "batch 0"),
        ({"distillation": 1.1}, "distillation 1.1"),
        ({"held": "no"}, "held 'no'"),
        ({"flip": 0}, "flip 0"),
        ({"data": 5}, "data 5"),
        ({"optimiser": ["sgd"]}, "optimiser ['sgd']"),
        ({"epochs": 0}, "0 epochs with the optimiser sgd"),
        ({"optimiser": NONE}, "2 epochs without an optimiser"),
        ({"optimiser": NONE, "epochs": 0, "steps": 2}, "2 steps of 0 epochs"),
    ],
)
def test_what_cannot_be_is_refused_by_name(changes, named):
    with pytest.raises(InvalidSettingError) as error:
        Retraining(**changes)
    assert error.value.given == named
    assert error.value.allowed and error.value.mend


def test_an_unknown_setting_is_named():
    with pytest.raises(InvalidSettingError, match="'learning_rat'"):
        retraining_from({"learning_rat": 0.1})


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_its_json(name):
    spec = ExperimentSpec(pruning=Pruning(rate=0.5), retraining=PRESETS[name].retraining)
    assert ExperimentSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize("name", PRESETS)
def test_what_matters_is_settings_again(name):
    retraining = replace(PRESETS[name].retraining, data_sha="of the images")
    canonical = retraining.canonical()
    assert retraining_from(json.loads(json.dumps(canonical))).canonical() == canonical


@pytest.mark.parametrize(
    ("retraining", "changes"),
    [
        (KNOWN, {"data": "another name of the same images"}),
        (KNOWN, {"images": None}),  # which images is said by their identity
        (KNOWN, {"spacing": "cubic"}),
        (KNOWN, {"rewind": False}),
        (KNOWN, {"decay": 0.5}),
        (KNOWN, {"temperature": 2.0}),
        (replace(KNOWN, optimiser="adam"), {"momentum": 0.5}),
        (replace(PRESETS["recalibrate"].retraining, data_sha="of the images"), {"learning_rate": 1.0}),
        (replace(PRESETS["recalibrate"].retraining, data_sha="of the images"), {"recalibrate": False}),
    ],
)
def test_a_setting_that_changes_nothing_makes_no_other_run(retraining, changes):
    one, other = (
        ExperimentSpec(pruning=Pruning(rate=0.5), retraining=r) for r in (retraining, replace(retraining, **changes))
    )
    assert one.run_id("network", "data") == other.run_id("network", "data")


@pytest.mark.parametrize(
    "changes",
    [{"epochs": 3}, {"steps": 2}, {"learning_rate": 0.1}, {"held": False}, {"seed": 1}, {"data_sha": "of others"}],
)
def test_a_setting_that_changes_something_makes_another_run(changes):
    one, other = (ExperimentSpec(pruning=Pruning(rate=0.5), retraining=r) for r in (KNOWN, replace(KNOWN, **changes)))
    assert one.run_id("network", "data") != other.run_id("network", "data")


def test_a_whole_number_is_the_same_setting_as_its_float():
    one, other = (replace(KNOWN, learning_rate=kind(1), crop=kind(1)) for kind in (int, float))
    assert json.dumps(one.canonical()) == json.dumps(other.canonical())


def test_what_tells_retrainings_apart_is_said_in_words():
    other = replace(KNOWN, flip=False, learning_rate=0.1, data_sha="0123456789")
    assert sorted(other.differences(KNOWN)) == ["images 01234567", "learning rate 0.1", "no flip"]


def test_a_run_is_not_named_before_its_training_images_are_known():
    with pytest.raises(ValueError, match="looked up"):
        ExperimentSpec(retraining=Retraining()).run_id("network", "data")


def test_runs_of_before_keep_their_ids():
    spec = ExperimentSpec(pruning=Pruning("structured", rate=0.1))
    assert spec.run_id("network", "data") == "1aa4b7b5bd5bfb7c"


def test_controls_come_once_and_before_what_needs_them():
    pruned = [ExperimentSpec(pruning=Pruning(rate=rate), retraining=KNOWN) for rate in (0.2, 0.5)]
    assert with_controls([pruned[0].unretrained(), *pruned]) == [pruned[0].unretrained(), pruned[0].control(), *pruned]
    free = replace(pruned[0], retraining=replace(KNOWN, held=False))
    assert with_controls([pruned[0], free]) == [pruned[0].control(), pruned[0], free]
