from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.evaluation.accuracy import changed, per_class
from core.evaluation.confusion import confusion_shifts
from core.figures.forgetting import MOST, class_changes, confusion_bars, ends
from core.figures.theme import TECHNIQUE_COLOURS, palette
from tests.core.evaluation.making import predictions

EMPTY = "rgba(0,0,0,0)"
BLUE = TECHNIQUE_COLOURS["unstructured"]


def pair(classes, images=40):
    """Two networks on `images` of each class: the pruned one lost class 0 and knows class 1 a little better."""
    labels = np.repeat(np.arange(classes), images)
    place = np.tile(np.arange(images), classes)
    dense = np.where(place < images // 2, labels, (labels + 1) % classes)
    pruned = np.where((labels == 1) & (place == images - 1), labels, np.where(labels == 0, 1, dense))
    names = tuple(f"class {index}" for index in range(classes))
    return predictions(pruned, labels), predictions(dense, labels), names


@pytest.fixture
def classes():
    return per_class(*pair(4))


def words(figure):
    return [one.text for one in figure.layout.annotations]


def test_bars_are_the_changes_in_points_and_whiskers_end_at_the_paired_interval(classes):
    (bars,) = class_changes(classes, "unstructured").data
    assert list(bars.x) == pytest.approx(100 * classes["change"])
    ends_at = np.array(bars.x) + np.array(bars.error_x.array), np.array(bars.x) - np.array(bars.error_x.arrayminus)
    assert ends_at[0] == pytest.approx(100 * classes["change_high"])
    assert ends_at[1] == pytest.approx(100 * classes["change_low"])


def test_what_changed_is_told_by_fill_mark_and_weight(classes):
    figure = class_changes(classes, "unstructured")
    assert changed(classes).tolist() == [True, False, False, False]
    assert list(figure.data[0].marker.color) == [BLUE, EMPTY, EMPTY, EMPTY]
    assert figure.layout.yaxis.ticktext[0] == "<b>class 0 ●</b>"
    assert not any("●" in name for name in figure.layout.yaxis.ticktext[1:])


def test_a_hover_has_all_figures_and_the_number_of_images(classes):
    hover = class_changes(classes, "unstructured").data[0].hovertext[0]
    for part in ("class 0", "dense 50.0 %, pruned 0.0 %", "−50.0 points", "McNemar p < 0.001", "on 40 images"):
        assert part in hover
    assert words(class_changes(classes, "unstructured"))[0] == "50 → 0 %  n 40"


@pytest.mark.parametrize("number", [1, 2, MOST, MOST + 1, 1000])
def test_of_many_classes_both_ends_are_drawn_and_the_rest_is_counted(number):
    table = per_class(*pair(number, 2))
    figure = class_changes(table, "unstructured")
    first, last = ends(number)
    left_out = [text for text in words(figure) if "between" in text]
    assert len(figure.data[0].x) == first + last <= MOST
    assert left_out == ([f"… {number - first - last:,} classes between …"] if number > MOST else [])
    assert len(set(figure.data[0].y)) == first + last
    assert figure.data[0].x[-1] == 100 * table["change"].iloc[-1]


def test_long_names_are_cut_and_told_in_full_on_hover():
    pruned, dense, _ = pair(2)
    name = "a dog of a breed with a remarkably long name"
    figure = class_changes(per_class(pruned, dense, (name, "cat")), "structured")
    assert max(map(len, figure.layout.yaxis.ticktext)) < len(name)
    assert name in figure.data[0].hovertext[0]


def test_confusions_are_filled_where_they_became_more():
    pruned, dense, names = pair(4)
    shifts = confusion_shifts(pruned, dense, names)
    figure = confusion_bars(shifts, "unstructured")
    (bars,) = figure.data
    assert dict(zip(figure.layout.yaxis.ticktext, bars.x, strict=True)) == {
        "class 0 → class 1": 20,
        "class 1 → class 2": -1,
    }
    assert list(bars.marker.color) == [BLUE, EMPTY]
    assert words(figure)[0] == "20 → 40  of 40"
    assert "dense 20, pruned 40" in bars.hovertext[0]
    assert len(confusion_bars(shifts, "unstructured", most=1).data[0].x) == 1


@pytest.mark.parametrize("dark", [False, True])
def test_both_themes_write_in_their_own_ink(classes, dark):
    figure = class_changes(classes, "unstructured", dark=dark)
    assert figure.data[0].error_x.color == palette(dark).text
    assert {one.font.color for one in figure.layout.annotations} == {palette(dark).muted}


def test_no_rows_give_an_empty_picture():
    none = predictions([])
    assert not class_changes(per_class(none, none, ("a",)), "unstructured").data[0].x
    assert not confusion_bars(confusion_shifts(none, none, ("a",)), "unstructured").data[0].x
    assert isinstance(per_class(none, none, ("a",)), pd.DataFrame)
