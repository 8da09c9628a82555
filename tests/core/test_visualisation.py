from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import InvalidSettingError
from core.visualisation import FRAMES, OBJECTIVES, Visualisation, visualisation_from_json

ASKED = Visualisation("inception4c.branch1.conv", 17)
OTHERS = {
    "place": "inception4c",
    "unit": 18,
    "objective": "neuron",
    "sign": -1,
    "steps": 64,
    "size": 64,
    "transforms": "none",
    "diversity": 2,
    "seed": 1,
}


def test_it_comes_back_from_json_and_each_setting_makes_another():
    assert visualisation_from_json(ASKED.to_json()) == ASKED
    others = [replace(ASKED, **{name: value}) for name, value in OTHERS.items()]
    assert len({one.id for one in (ASKED, *others)}) == len(OTHERS) + 1
    assert len({one.in_words() for one in (ASKED, *others)}) == len(OTHERS) + 1


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"place": "conv9"}, "conv9"),
        ({"place": "inception4c.branch1"}, "inception4c.branch1"),
        ({"unit": -1}, "-1"),
        ({"objective": "layer"}, "layer"),
        ({"place": "fc", "objective": "neuron"}, "logit"),
        ({"sign": 0}, "sign 0"),
        ({"steps": 3}, "3 steps"),
        ({"size": 16}, "16 pixels"),
        ({"size": 1024}, "1,024 pixels"),
        ({"transforms": "all"}, "all"),
        ({"diversity": 0}, "0 pictures"),
        ({"seed": -1}, "-1"),
    ],
)
def test_what_cannot_be_is_refused_by_name_with_what_is_allowed(settings, named):
    with pytest.raises(InvalidSettingError) as refused:
        replace(ASKED, **settings)
    assert named in refused.value.given
    assert refused.value.allowed
    assert refused.value.mend


@pytest.mark.parametrize("steps", [4, 10, 128, 2048])
def test_pictures_are_kept_of_the_start_the_end_and_between(steps):
    frames = replace(ASKED, steps=steps).frames
    assert frames[0] == 0
    assert frames[-1] == steps
    assert list(frames) == sorted(set(frames))
    assert len(frames) == min(FRAMES, steps) + 1 or steps == FRAMES or steps < FRAMES


def test_every_objective_is_said_in_words():
    assert "central position" in replace(ASKED, objective="neuron").in_words()
    assert set(OBJECTIVES) == {"channel", "neuron"}
