from __future__ import annotations

import pandas as pd
import pytest

from core.experiment import ExperimentSpec
from core.figures.curves import tradeoff_curves
from core.figures.surveys import PANEL, Panel, with_panels
from core.figures.theme import TECHNIQUE_COLOURS
from core.interpretability.survey import MEASURES
from core.pruning.settings import Pruning
from core.series import with_series
from core.training.retraining import Retraining

RATES = (0.0, 0.1, 0.5)
AGREE = {0.0: 1.0, 0.1: 0.9, 0.5: 0.4}
MARKS = {"randomised": {"spearman": 0.1, "spearman_low": 0.0, "spearman_high": 0.2}, "other": {"spearman": 0.3}}


@pytest.fixture
def runs():
    return with_series(pd.DataFrame([run(rate) for rate in RATES]))


def run(rate, retraining=None):
    spec = ExperimentSpec(pruning=Pruning(rate=rate), retraining=retraining)
    bounds = {f"{k}{end}": 0.9 for k in ("top1", "top5") for end in ("", "_low", "_high")}
    name = f"run {rate} retrained" if retraining else f"run {rate}"
    about = {
        "id": name,
        "spec": spec.to_json(),
        "network_sha": "n",
        "rate": rate,
        "state": "done",
        "images": 500,
        "loss": 1.0,
    }
    return about | {"technique": None, "sparsity_prunable": rate / 2, "shipped": False} | bounds


@pytest.fixture
def surveyed():
    rows = [
        {"id": f"run {rate}", "images": 100, "spearman": value, "spearman_low": value - 0.05, "spearman_high": value}
        | {"kept_spearman": value, "kept_images": 60, "lost_spearman": value / 2, "lost_images": 40}
        | {"pointing": 0.5, "area": 0.2}
        for rate, value in AGREE.items()
    ]
    return pd.DataFrame(rows)


def drawn(runs, surveyed, measure="spearman", **options):
    return with_panels(tradeoff_curves(runs, 20), runs, [Panel(measure, surveyed, MARKS)], **options)


def below(figure):
    return [trace for trace in figure.data if trace.yaxis == "y2"]


def points(figure):
    return {
        one: y for trace in below(figure) if trace.customdata for one, y in zip(trace.customdata, trace.y, strict=True)
    }


def words(figure):
    return [annotation.text for annotation in figure.layout.annotations]


def test_every_surveyed_run_has_its_point_under_its_accuracy(runs, surveyed):
    figure = drawn(runs, surveyed)
    assert points(figure) == {f"run {rate}": value for rate, value in AGREE.items()}
    assert {trace.xaxis for trace in figure.data} == {None}  # one horizontal axis for both panels
    assert figure.layout.height == tradeoff_curves(runs, 20).layout.height + PANEL
    assert figure.layout.yaxis2.domain[1] < figure.layout.yaxis.domain[0]


def test_the_horizontal_axis_is_that_of_the_accuracy(runs, surveyed):
    panels = [Panel("spearman", surveyed, MARKS)]
    figure = with_panels(tradeoff_curves(runs, 20, x="sparsity"), runs, panels, x="sparsity")
    markers = [trace for trace in below(figure) if trace.mode == "markers" and len(trace.x) == 2]
    assert list(markers[0].x) == [0.05, 0.25]


def test_intervals_and_yardsticks_are_drawn_and_named(runs, surveyed):
    figure = drawn(runs, surveyed)
    assert {"randomised network 0.10", "another image 0.30"} <= set(words(figure))
    curve = next(trace for trace in below(figure) if trace.mode == "markers" and len(trace.x) == 2)
    assert list(curve.error_y.arrayminus) == pytest.approx([0.05, 0.05])
    assert curve.marker.color == TECHNIQUE_COLOURS["unstructured"]
    assert "0.900 (0.85 to 0.90)<br>on 100 images" in curve.hovertext[0]


def test_kept_and_lost_images_are_two_curves(runs, surveyed):
    figure = drawn(runs, surveyed, split=True)
    curves = [trace for trace in below(figure) if trace.mode == "markers" and len(trace.x) == 2]
    assert [list(curve.y) for curve in curves] == [[0.9, 0.4], [0.45, 0.2]]
    assert [curve.marker.symbol for curve in curves] == ["circle", "circle-open"]
    assert "on 40 images lost" in curves[1].hovertext[0]


def test_where_a_map_lies_stands_beside_the_area_of_the_object(runs, surveyed):
    assert "area of the object 0.20" in words(drawn(runs, surveyed, "pointing"))
    assert not any("area" in text for text in words(drawn(runs, surveyed)))


@pytest.mark.parametrize("measure", MEASURES)
def test_without_a_survey_the_panel_says_so(runs, measure):
    figure = drawn(runs, pd.DataFrame(), measure)
    assert any("not surveyed yet" in text for text in words(figure))
    assert not points(figure)
    assert below(figure)  # without a trace Plotly would draw no panel, and the words over the accuracy


def test_panels_stand_one_below_the_other_without_overlapping(runs, surveyed):
    panels = [Panel(measure, surveyed, MARKS) for measure in ("spearman", "pointing")]
    layout = with_panels(tradeoff_curves(runs, 20), runs, panels).layout
    assert 0 <= layout.yaxis3.domain[0] < layout.yaxis3.domain[1] < layout.yaxis2.domain[0]
    assert layout.yaxis2.domain[1] < layout.yaxis.domain[0]
    assert layout.xaxis.anchor == "y3"


def test_means_over_few_of_the_images_are_pale_and_say_over_how_many(runs, surveyed):
    surveyed["spearman_images"] = [100, 80, 20]
    curve = next(trace for trace in below(drawn(runs, surveyed)) if trace.mode == "markers" and len(trace.x) == 2)
    assert curve.marker.opacity[0] > curve.marker.opacity[1]
    assert "on 20 images; not defined for 80 more" in curve.hovertext[1]


def test_images_without_masks_are_not_said_to_wait_for_a_survey(runs, surveyed):
    figure = drawn(runs, surveyed.drop(columns=["pointing", "area"]), "pointing")
    assert any("neither masks nor boxes" in text for text in words(figure))


def test_a_dense_control_is_a_level_and_begins_the_retrained_curve(runs):
    quick = Retraining(data_sha="e" * 64)
    frame = with_series(pd.DataFrame([*runs.drop(columns="series").to_dict("records"), run(0, quick), run(0.5, quick)]))
    values = {"run 0.0": 1.0, "run 0.5": 0.4, "run 0 retrained": 0.8, "run 0.5 retrained": 0.6}
    surveyed = pd.DataFrame([{"id": name, "images": 100, "spearman": value} for name, value in values.items()])
    figure = drawn(frame, surveyed)
    assert points(figure) == values
    assert "control 0.80" in words(figure)
    lines = [list(trace.y) for trace in below(figure) if trace.mode == "lines"]
    assert sorted(lines) == [[0.8, 0.6], [1.0, 0.4]]
    assert "dash" in [shape.line.dash for shape in figure.layout.shapes if shape.y0 == shape.y1 == 0.8]
