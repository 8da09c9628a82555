from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.calibration import reliability
from core.figures.reliability import reliability_diagram
from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS
from tests.core.evaluation.making import predictions

TITLES = ("Dense", "Structured L1 0.10, local")


@pytest.fixture
def tables():
    random = np.random.default_rng(0)
    return tuple(
        reliability(predictions((random.random(300) > sure).astype(int), confidences=random.random(300)))
        for sure in (0.9, 0.4)
    )


def traces(figure, kind, column):
    axes = {1: ("x", "x3"), 2: ("x2", "x4")}[column]
    return [one for one in figure.data if one.type == kind and one.xaxis in axes]


def test_the_dense_network_stands_beside_the_pruned_one_with_every_bin_that_holds_images(tables):
    figure = reliability_diagram(*tables, TITLES, "structured")
    for column, table in enumerate(tables, start=1):
        _, points = traces(figure, "scatter", column)
        full = table[table["images"] > 0]
        assert list(points.x) == full["confidence"].tolist()
        assert list(points.y) == full["accuracy"].tolist()
        assert np.add(points.y, points.error_y.array) == pytest.approx(full["accuracy_high"])
        assert np.subtract(points.y, points.error_y.arrayminus) == pytest.approx(full["accuracy_low"])
    assert [one.text for one in figure.layout.annotations] == list(TITLES)


def test_the_histograms_share_one_axis_that_holds_the_fullest_bin(tables):
    figure = reliability_diagram(*tables, TITLES, "structured")
    for column, table in enumerate(tables, start=1):
        (bars,) = traces(figure, "bar", column)
        assert list(bars.y) == table["images"].tolist()
    assert figure.layout.yaxis3.range == figure.layout.yaxis4.range
    assert figure.layout.yaxis3.range[1] > max(table["images"].max() for table in tables)


def test_the_line_of_calibration_is_the_diagonal_and_colours_are_those_of_the_networks(tables):
    figure = reliability_diagram(*tables, TITLES, "structured", dark=True)
    for column, colour in ((1, DENSE_COLOUR), (2, TECHNIQUE_COLOURS["structured"])):
        diagonal, points = traces(figure, "scatter", column)
        assert diagonal.x == diagonal.y == (0, 1)
        assert points.marker.color == colour


def test_a_hover_has_the_bin_the_interval_and_the_number_of_images():
    table = reliability(predictions([0, 0, 1, 0], confidences=[0.5] * 4))
    _, points = traces(reliability_diagram(table, table, TITLES, "structured"), "scatter", 1)
    for part in ("confidence 50.0 %", "46.7 to 53.3 %", "right 75.0 %", "on 4 images"):
        assert part in points.hovertext[0]
