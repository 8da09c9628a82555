from __future__ import annotations

import numpy as np

from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS
from core.figures.walks import Curve, cascade_curves, walk_curves
from core.interpretability.measures.agreement import AGREEMENT

SHARES = np.linspace(0, 1, 5)
RISE, FALL = SHARES**2, 1 - SHARES
CURVES = [Curve(*about, SHARES, RISE, FALL) for about in (("Dense", ""), ("A", "structured"), ("B", "structured"))]


def test_each_network_has_both_curves_in_its_technique_s_colour_and_one_entry_in_the_legend():
    lines = walk_curves(CURVES, dark=False).data
    assert [line.name for line in lines if line.showlegend] == ["Dense", "A", "B"]
    assert {line.name: line.line.color for line in lines} == {
        "Dense": DENSE_COLOUR,
        "A": TECHNIQUE_COLOURS["structured"],
        "B": TECHNIQUE_COLOURS["structured"],
    }
    for line in lines:
        assert np.array_equal(line.y, RISE if line.xaxis == "x" else FALL)


def test_two_networks_of_one_technique_differ_in_their_dash():
    dashes = {line.name: line.line.dash for line in walk_curves(CURVES, dark=True).data}
    assert dashes["A"] == dashes["Dense"] == "solid"
    assert dashes["B"] != "solid"


def test_the_cascade_has_a_line_for_each_measure_and_a_tick_for_each_step():
    scores = {name: [1.0, 0.5, float("nan")] for name in AGREEMENT}
    figure = cascade_curves(["trained", "fc", "conv1"], scores, dark=False)
    assert [line.name for line in figure.data] == [measure.short for measure in AGREEMENT.values()]
    assert list(figure.layout.xaxis.ticktext) == ["trained", "fc", "conv1"]
