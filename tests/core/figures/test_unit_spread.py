from __future__ import annotations

import numpy as np
import pytest

from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS
from core.figures.unit_spread import Favours, Spread, activation_spread, class_bars, favoured_classes

rng = np.random.default_rng(0)


def spread(title, technique="", constant=False, shift=0.0):
    sample = (rng.normal(size=256) + shift).astype(np.float32)
    order = np.sort(sample)
    if constant:
        sample = order = np.zeros(256, np.float32)
    return Spread(title, technique, sample, order[::-1][:9], order[:9], float(sample.mean()), constant)


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
