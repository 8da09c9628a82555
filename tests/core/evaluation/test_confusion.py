from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.evaluation.accuracy import right
from core.evaluation.confusion import confusion_shifts, confusions
from tests.core.evaluation.making import predictions

CLASSES = ("square", "disc", "star")
classes = st.integers(0, 2)
rows = st.lists(st.tuples(classes, classes, classes), max_size=40)


def pair(rows):
    labels, dense, pruned = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    return predictions(pruned, labels), predictions(dense, labels)


@settings(max_examples=40)  # pandas is slow
@given(rows)
def test_confusions_count_every_wrong_image_once(rows):
    pruned, _ = pair(rows)
    counts = confusions(pruned)
    assert counts.sum() == (~right(pruned)).sum()
    assert all(label != predicted for label, predicted in counts.index)


@settings(max_examples=40)  # pandas is slow
@given(rows)
def test_shifts_add_up_to_the_change_of_all_mistakes_and_the_largest_come_first(rows):
    pruned, dense = pair(rows)
    shifts = confusion_shifts(pruned, dense, CLASSES)
    assert shifts["change"].sum() == right(dense).sum() - right(pruned).sum()
    assert (shifts["change"] == shifts["pruned"] - shifts["dense"]).all()
    assert (shifts["change"] != 0).all()
    assert shifts["change"].abs().is_monotonic_decreasing
    assert (shifts[["dense", "pruned"]].max(axis=1) <= shifts["images"]).all()


@settings(max_examples=40)  # pandas is slow
@given(rows)
def test_the_other_way_round_every_shift_changes_its_sign(rows):
    pruned, dense = pair(rows)
    there, back = (
        confusion_shifts(*two, CLASSES).set_index(["label", "predicted"]) for two in ((pruned, dense), (dense, pruned))
    )
    assert there["change"].to_dict() == (-back["change"]).to_dict()
    assert confusion_shifts(dense, dense, CLASSES).empty


def test_a_shift_says_which_class_goes_where():
    dense = predictions([0, 0, 0, 1], [0, 0, 0, 1])
    pruned = predictions([2, 2, 0, 1], [0, 0, 0, 1])
    (shift,) = confusion_shifts(pruned, dense, CLASSES).to_dict("records")
    assert shift == {
        "label": 0,
        "predicted": 2,
        "dense": 0,
        "pruned": 2,
        "change": 2,
        "images": 3,
        "true_name": "square",
        "predicted_name": "star",
    }  # fmt: skip
