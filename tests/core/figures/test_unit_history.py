from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.figures.unit_history import score_history
from core.series import Series

CURVE = Series("structured", "l1", "local", "clean", None, "")


def history(*rows):
    columns = ["id", "series", "rate", "mis", "mis_low", "mis_high", "hard", "constant"]
    return pd.DataFrame(rows, columns=columns).assign(title=lambda table: [f"network {one}" for one in table["id"]])


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
    assert "network d" in {trace.name for trace in figure.data}
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
