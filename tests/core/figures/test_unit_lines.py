from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS
from core.figures.unit_lines import Favours, Spread, activation_spread, class_bars, favoured_classes, score_history
from core.series import Series

rng = np.random.default_rng(0)
CURVE = Series("structured", "l1", "local", "clean", None, "")


def spread(title, technique="", constant=False, shift=0.0):
    sample = (rng.normal(size=256) + shift).astype(np.float32)
    order = np.sort(sample)
    if constant:
        sample = order = np.zeros(256, np.float32)
    return Spread(title, technique, sample, order[::-1][:9], order[:9], float(sample.mean()), constant)


def history(*rows):
    columns = ["id", "series", "rate", "mis", "mis_low", "mis_high", "hard", "constant"]
    return pd.DataFrame(rows, columns=columns)


def test_all_histograms_share_their_bins_and_each_fills_its_row():
    figure = activation_spread([spread("Dense"), spread("Structured 0.10", "structured", shift=5)])
    first, second = (trace for trace in figure.data if trace.fill)
    assert list(first.x) == list(second.x)
    for row, trace in enumerate((first, second)):
        assert max(trace.y) == pytest.approx(row + 0.8)
        assert max(trace.y) - min(trace.y) == pytest.approx(0.72)
    assert (first.line.color, second.line.color) == (DENSE_COLOUR, TECHNIQUE_COLOURS["structured"])


def test_the_extremes_are_marked_where_they_lie():
    network = spread("Dense")
    figure = activation_spread([network])
    most, least = (trace for trace in figure.data if trace.marker.symbol == "line-ns")
    assert np.array_equal(most.x, network.top)
    assert np.array_equal(least.x, network.bottom)


def test_a_constant_unit_has_no_histogram_but_a_word_and_does_not_stretch_the_axis():
    live = spread("Dense", shift=50)
    figure = activation_spread([live, spread("Structured 0.10", "structured", constant=True)])
    filled = [trace for trace in figure.data if trace.fill]
    assert len(filled) == 1
    assert min(filled[0].x) > 40
    assert [one.text for one in figure.layout.annotations] == ["constant: 0 on every image"]
    assert max(max(trace.x) for trace in figure.data) < 60
    assert len(activation_spread([spread("a", constant=True)]).data) == 0


def test_the_classes_shown_are_the_favourites_of_any_network_in_the_order_of_the_first():
    first = Favours("Dense", "", np.zeros(4), np.array([0.1, 3.0, np.nan, 2.0]))
    second = Favours("Structured", "structured", np.zeros(4), np.array([5.0, 0.2, np.nan, 0.1]))
    assert favoured_classes([first], most=2) == [1, 3]
    assert favoured_classes([first, second], most=1) == [1, 0]
    assert 2 not in favoured_classes([first, second], most=4), "a class without image is no favourite"


def test_each_network_has_a_panel_of_the_same_classes():
    first = Favours("Dense", "", np.arange(4.0), np.array([0.1, 3.0, 1.0, 2.0]))
    figure = class_bars([first, first], [1, 3], ["a", "b", "c", "d"])
    assert [list(bars.x) for bars in figure.data] == [[3.0, 2.0]] * 2
    assert [words.strip() for words in figure.layout.yaxis.ticktext] == ["b", "d"]
    assert figure.data[0].customdata[0][0] == "b"


def test_a_curve_begins_at_the_dense_network_and_has_a_gap_where_the_unit_is_constant():
    table = history(
        ("d", None, 0.0, 0.9, 0.85, 0.95, 1.0, False),
        ("a", CURVE, 0.1, 0.8, 0.7, 0.9, 0.95, False),
        ("b", CURVE, 0.2, np.nan, np.nan, np.nan, np.nan, True),
        ("c", CURVE, 0.3, 0.6, 0.5, 0.7, 0.7, False),
    )
    figure = score_history(table, "MIS (googlenet features)", ["b"])
    line = next(trace for trace in figure.data if trace.mode == "lines" and trace.name == "Structured")
    assert list(line.x) == [0.0, 0.1, 0.2, 0.3]
    assert np.isnan(line.y[2])
    assert not line.connectgaps
    cross = next(trace for trace in figure.data if trace.marker.symbol == "x-thin")
    assert list(cross.x) == [0.2]
    assert cross.y[0] < 0.5, "below every score that there is: no score at all"
    assert figure.layout.yaxis.title.text == "MIS (googlenet features)"
    points = next(trace for trace in figure.data if trace.mode == "markers" and trace.name == "Structured")
    assert list(points.x) == [0.1, 0.3]
    assert list(points.error_y.array) == pytest.approx([0.1, 0.1])


def test_a_unit_that_is_constant_in_every_network_has_crosses_only():
    table = history(("a", CURVE, 0.1, np.nan, np.nan, np.nan, np.nan, True))
    figure = score_history(table, "MIS (googlenet features)")
    assert [list(trace.x) for trace in figure.data if trace.marker.symbol == "x-thin"] == [[0.1]]
    assert figure.layout.yaxis.range[0] < 0.5
