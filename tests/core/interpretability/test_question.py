from __future__ import annotations

import pytest

from core.errors import InvalidSettingError
from core.interpretability.question import TARGETS, Question, target_class, target_of


def test_questions_that_mean_the_same_share_an_id():
    assert Question("ig").id == Question("ig", baseline="black", seed=5, parameters=(("steps", 50),)).id
    assert Question("ig").id != Question("ig", parameters=(("steps", 10),)).id
    assert Question("ig").id != Question("ig", target="own").id


def test_the_seed_and_the_baseline_count_only_where_they_matter():
    assert Question("saliency", seed=1).id == Question("saliency").id == Question("saliency", baseline="black").id
    assert Question("smoothgrad", seed=1).id != Question("smoothgrad").id


def test_json_takes_a_question_there_and_back():
    asked = Question("smoothgrad", "own", None, 3, (("samples", 4), ("noise", 0.1)))
    assert Question.from_json(asked.to_json()) == asked


def test_a_question_in_words_names_method_target_parameters_and_baseline():
    assert Question("ig").in_words() == "Integrated Gradients for the true class, steps 50, from black"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"method": "lrp"}, "no attribution method 'lrp'"),
        ({"target": "logit"}, "target 'logit'; allowed: true, dense, own, or class:N"),
        ({"target": "class:-1"}, "target 'class:-1'"),
        ({"baseline": "white"}, "baseline 'white'; allowed: black"),
        ({"parameters": (("steps", 5),)}, "no parameter 'steps'"),
    ],
)
def test_what_cannot_be_asked_is_refused(wrong, reason):
    with pytest.raises(InvalidSettingError, match=reason):
        Question(**wrong)


def test_a_map_is_about_the_true_class_the_dense_or_the_own_prediction():
    assert {target: target_class(target, 0, 1, 2) for target in TARGETS} == {"true": 0, "dense": 1, "own": 2}
    with pytest.raises(InvalidSettingError, match="allowed: true, dense, own"):
        target_class("logit", 0, 1, 2)


def test_a_map_may_be_about_a_class_that_one_names():
    assert target_class(target_of(7), 0, 1, 2) == 7
    asked = Question("ig", target_of(7))
    assert asked.id not in {Question("ig", target_of(8)).id, *(Question("ig", target).id for target in TARGETS)}
    assert Question.from_json(asked.to_json()) == asked
    assert asked.in_words().startswith("Integrated Gradients for the chosen class,")
