from __future__ import annotations

import math

import pandas as pd
import pytest

from core.figures.sensitivity import layer_label, sensitivity_map
from core.layer_names import LAYERS

RATES = (0.2, 0.5, 0.8)
SHOWN = LAYERS[3:15]  # the first two inception blocks


def table(drops):
    rows = [
        {
            "layer": name, "rate": rate, "images": 200, "top1": 0.9 - drop, "dense": 0.9, "lost": round(200 * drop),
            "gained": 0, "change": -drop, "change_low": -drop - 0.01, "change_high": -drop + 0.01, "mcnemar_p": 0.5,
        }
        for name, line in drops.items()
        for rate, drop in zip(RATES, line, strict=False)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=None if rows else ["layer", "rate", "dense", "change"])


def figure(drops, chosen=(), dark=False):
    return sensitivity_map(table(drops), SHOWN, RATES, chosen, chance=0.1, dark=dark)


DROPS = dict.fromkeys(SHOWN, (0.0, 0.04, 0.5))


def test_layers_go_down_in_the_order_of_the_network_and_rates_across():
    drawn = figure(DROPS)
    assert list(drawn.layout.yaxis.ticktext) == [layer_label(name) for name in SHOWN]
    assert drawn.layout.yaxis.range[0] > drawn.layout.yaxis.range[1]  # the first on top
    assert list(drawn.layout.xaxis.ticktext) == ["0.20", "0.50", "0.80"]
    assert layer_label("inception4e.branch2.1.conv") == "4e.branch2.1"
    assert layer_label("conv1.conv") == "conv1"


def test_the_colour_is_the_square_root_of_the_drop_and_ends_at_chance():
    heat = figure(DROPS).data[0]
    assert list(heat.z[0]) == pytest.approx([0, 2, math.sqrt(50)])
    assert (heat.zmin, heat.zmax) == (0, pytest.approx(math.sqrt(80)))
    assert heat.colorbar.tickvals[-1] <= heat.zmax


def test_a_gain_has_the_colour_of_no_drop():
    assert figure({SHOWN[0]: (-0.05,)}).data[0].z[0][0] == 0


def test_what_is_not_measured_yet_is_left_empty():
    heat = figure({SHOWN[0]: (0.0, 0.1)}).data[0]
    assert heat.z[0][2] is None
    assert list(heat.z[5]) == [None, None, None]
    assert heat.hoverongaps is False
    assert list(figure({}).data[0].z[0]) == [None, None, None]


def test_each_cell_holds_its_change_and_every_figure_on_hover():
    drawn = figure(DROPS)
    texts = [one for trace in drawn.data[1:3] for one in zip(trace.x, trace.y, trace.text, strict=True)]
    inside = {(x, y): text for x, y, text in texts}
    assert [inside[x, 0] for x in range(3)] == ["0", "−4.0", "−50.0"]
    assert len(inside) == len(SHOWN) * len(RATES)
    hover = drawn.data[0].hovertext[0][2]
    for said in (SHOWN[0], "0.80", "40.0 %", "dense 90.0 %", "−50.0 points (−51.0 to −49.0)", "100 lost", "200 images"):
        assert said in hover


@pytest.mark.parametrize("dark", [False, True])
def test_a_line_runs_to_the_right_of_what_each_layer_bears(dark):
    chosen = tuple(zip(SHOWN, (0.0, 0.2, 0.8, *[0.5] * 9), strict=True))
    line = figure(DROPS, chosen, dark).data[-1]
    assert line.mode == "lines"
    assert list(line.x[:6]) == [-0.5, -0.5, 0.5, 0.5, 2.5, 2.5]
    assert list(line.y[:6]) == [-0.5, 0.5, 0.5, 1.5, 1.5, 2.5]
    assert len(figure(DROPS).data) == len(figure(DROPS, chosen).data) - 2


def test_blocks_are_set_apart():
    assert [line.y0 for line in figure(DROPS).layout.shapes] == [5.5]
