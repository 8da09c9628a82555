from __future__ import annotations

import numpy as np
import pytest

from core.errors import InvalidSettingError
from core.interpretability.question import Question
from core.interpretability.survey import INSTRUMENTS, MEASURES, answer_type, figures, instrument_of
from core.surveys import Survey, survey_from_json, survey_to_json


def answers(labels, predicted):
    found = np.zeros(len(labels), answer_type(4, 4))
    found["label"], found["predicted"] = labels, predicted
    return found


def measured(labels, predicted, **measures):
    found = np.zeros(len(labels), INSTRUMENTS["agreement"].rows)
    for name in INSTRUMENTS["agreement"].measures:
        found[name] = np.nan
    for name, values in ({"label": labels, "predicted": predicted} | measures).items():
        found[name] = values
    return found


def test_figures_are_means_over_all_kept_and_lost_images():
    labels = [0, 0, 1, 1, 2]
    dense = answers(labels, [0, 0, 1, 1, 0])  # knows the first four
    rows = measured(labels, [0, 2, 1, 0, 2], spearman=[1.0, 0.2, 0.8, 0.4, 0.5])  # keeps 0 and 2, loses 1 and 3
    found = figures(rows, dense)
    assert (found["images"], found["kept_images"], found["lost_images"]) == (5, 2, 2)
    assert found["top1"] == pytest.approx(0.6)
    assert found["spearman"] == pytest.approx(np.mean([1.0, 0.2, 0.8, 0.4, 0.5]))
    assert found["kept_spearman"] == pytest.approx(0.9)
    assert found["lost_spearman"] == pytest.approx(0.3)
    assert found["spearman_low"] < found["spearman"] < found["spearman_high"]


def test_what_is_defined_for_no_image_is_left_out_and_what_is_for_some_is_their_mean():
    rows = measured([0, 0], [0, 0], iou=[np.nan, 0.5])
    found = figures(rows, answers([0, 0], [0, 0]))
    assert found["iou"] == pytest.approx(0.5)
    assert (found["iou_images"], found["images"]) == (1, 2)
    assert not any(name.startswith(("spearman", "pointing", "lost_iou")) for name in found)
    assert all(value == value for value in found.values())


def test_empty_maps_are_counted_apart_and_never_averaged_in():
    agree = [0.9, np.nan, np.nan, 0.7]
    rows = measured([0, 0, 0, 0], [0, 0, 1, 1], cosine=agree, spearman=agree)
    found = figures(rows, answers([0] * 4, [0] * 4))
    assert (found["spearman"], found["spearman_images"], found["images"]) == (pytest.approx(0.8), 2, 4)
    assert (found["empty"], found["kept_empty"], found["lost_empty"]) == (0.5, 0.5, 0.5)
    assert found["empty_low"] < 0.5 < found["empty_high"]


@pytest.mark.parametrize("measure", MEASURES)
def test_each_measure_is_told_by_one_instrument(measure):
    assert [one.name for one in INSTRUMENTS.values() if measure in one.told] == [instrument_of(measure).name]


def test_json_takes_a_survey_there_and_back():
    asked = Survey(Question("ig", "own", parameters=(("steps", 5),)), "faithfulness", 7)
    assert survey_from_json(survey_to_json(asked)) == asked


@pytest.mark.parametrize(("wrong", "reason"), [({"instrument": "x"}, "instrument 'x'"), ({"images": 0}, "0 images")])
def test_what_cannot_be_surveyed_is_refused(wrong, reason):
    with pytest.raises(InvalidSettingError, match=reason):
        Survey(**wrong)
