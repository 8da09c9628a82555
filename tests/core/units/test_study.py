from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidSettingError
from core.units.places import BLOCKS, PLACES, block_of
from core.units.study import DRAWINGS, Encoding, UnitStudy, study_from_json, study_to_json, within


def test_units_are_those_of_57_convs_and_fc_or_of_the_nine_blocks():
    assert len(PLACES["layers"]) == 58
    assert BLOCKS[0] == "inception3a" and BLOCKS[-1] == "inception5b" and len(BLOCKS) == 9
    assert [block_of(name) for name in ("conv1.conv", "inception4c.branch2.0.conv", "fc")] == [
        "conv1",
        "inception4c",
        "fc",
    ]


def test_the_usual_study_is_that_of_the_paper():
    study = UnitStudy()
    assert (study.explanations, study.tasks, study.keep, study.alpha) == (9, 20, 200, 0.16)


@pytest.mark.parametrize(
    "study",
    [
        UnitStudy(),
        UnitStudy(500, "blocks", Encoding("squeezenet", "a.safetensors", "ab"), 4, 10, 0.5, "quantile", 0.2, 3),
    ],
)
def test_json_round_trip(study):
    assert study_from_json(study_to_json(study)) == study


def test_the_score_has_its_encoder_in_its_name():
    names = {UnitStudy(encoding=Encoding(name)).score for name in ("googlenet", "dreamsim", "squeezenet")}
    assert names == {"MIS (googlenet features)", "MIS (dreamsim)", "MIS (squeezenet)"}


def test_a_score_by_weights_of_a_file_names_the_file_and_tells_other_weights_apart():
    one, other = (UnitStudy(encoding=Encoding("squeezenet", "/home/a.safetensors", sha * 32)) for sha in ("3f", "9c"))
    assert one.score == "MIS (squeezenet a.safetensors 3f3f3f)"
    assert other.score == "MIS (squeezenet a.safetensors 9c9c9c)"


def test_what_does_not_matter_is_not_in_the_id():
    assert UnitStudy(quantile=0.1).id == UnitStudy(quantile=0.2).id
    assert UnitStudy(encoding=Encoding(file="here")).id == UnitStudy(encoding=Encoding(file="there")).id


MATTERS = [
    {"images": 1999},
    {"at": "blocks"},
    {"encoding": Encoding("dreamsim")},
    {"encoding": Encoding(sha="ab")},
    {"explanations": 8},
    {"tasks": 19},
    {"alpha": 1.0},
    {"drawing": "quantile"},
    {"seed": 1},
    {"alpha": 0.1600001},
    {"drawing": "quantile", "quantile": 0.07},
    {"encoding": Encoding("squeezenet", "a.safetensors", "9c" * 32)},
    {"encoding": Encoding("squeezenet", "a.safetensors", "3f" * 32)},
]


@pytest.mark.parametrize("change", MATTERS)
def test_what_matters_is_in_the_id(change):
    assert replace(UnitStudy(), **change).id != UnitStudy().id


def test_studies_of_different_ids_have_different_words():
    studies = [UnitStudy(), *(replace(UnitStudy(), **change) for change in MATTERS)]
    assert len({one.id for one in studies}) == len({one.in_words() for one in studies}) == len(studies)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"images": 399}, "399 images"),
        ({"images": 0}, "0 images"),
        ({"alpha": 0.0}, "alpha 0"),
        ({"alpha": -1.0}, "alpha -1"),
        ({"alpha": float("nan")}, "alpha nan"),
        ({"at": "neurons"}, "neurons"),
        ({"drawing": "all"}, "all"),
        ({"drawing": "quantile", "quantile": 0.0}, "quantile 0"),
        ({"drawing": "quantile", "quantile": 0.1, "images": 99}, "99 images"),
        ({"drawing": "quantile", "quantile": 0.5, "images": 50_000}, "25,000 extreme images"),
        ({"explanations": 0}, "explanations"),
        ({"tasks": 0}, "tasks"),
    ],
)
def test_a_study_that_cannot_be_is_refused_by_name(change, named):
    with pytest.raises(InvalidSettingError, match=named):
        UnitStudy(**change)


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_the_fewest_images_suffice(drawing):
    study = UnitStudy(images=400, drawing=drawing)
    assert study.keep > study.explanations


def test_fewer_images_than_asked_for_are_taken_if_they_suffice():
    assert within(UnitStudy(), 1000).images == 1000
    assert within(UnitStudy(), 5000) == UnitStudy()
    with pytest.raises(InvalidSettingError, match="399 images"):
        within(UnitStudy(), 399)


@given(images=st.integers(20, 2000), quantile=st.floats(0.01, 0.5))
def test_no_image_is_kept_among_the_most_and_the_least_activating(images, quantile):
    try:
        study = UnitStudy(images=images, drawing="quantile", quantile=quantile)
    except InvalidSettingError:
        return
    assert study.explanations < study.keep <= images // 2
