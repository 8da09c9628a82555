from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from itertools import pairwise

import pandas as pd
import pytest

from core.evaluation.statistics import wilson
from core.experiment import ExperimentSpec
from core.figures.axes import AXES, MEASURES, missing, with_even_latency
from core.figures.curves import layer_bars, tradeoff_curves
from core.figures.hover import hover_text
from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS
from core.layer_names import INCEPTION_CONVS
from core.pruning.settings import Pruning
from core.series import with_series
from core.training.retraining import Retraining

CLASSES = 20


QUICK = Retraining(data_sha="e" * 64)
LONGER = replace(QUICK, epochs=5)
AGP = replace(QUICK, steps=3, spacing="cubic")
RECALIBRATED = Retraining(epochs=0, optimiser="none", data_sha="e" * 64)


def row(top1, state="done", images=500, retraining=None, **pruning):
    spec = ExperimentSpec(pruning=Pruning(**pruning), retraining=retraining)
    figures = {}
    for k, right in (("top1", top1), ("top5", min(1.0, top1 + 0.1))):
        bounds = wilson(round(right * images), images)
        figures |= {k: right, f"{k}_low": bounds.low, f"{k}_high": bounds.high}
    return {
        "id": hashlib.sha256(spec.to_json().encode()).hexdigest()[:16],
        "spec": spec.to_json(),
        "network_sha": "n",
        "technique": None if spec.pruning.dense else spec.pruning.technique,
        "rate": spec.pruning.rate,
        "sparsity_prunable": spec.pruning.rate**2,
        "macs": 1.5e9,
        "compact_macs": 1.5e9 * (1 - spec.pruning.rate) if spec.pruning.technique == "structured" else math.nan,
        "nonzero": 6e6 * (1 - spec.pruning.rate),
        "latency_ms": 20.0,
        "dense_latency_ms": 25.0,
        "speed_device": "a CPU",
        "state": state,
        "shipped": False,
        "images": images,
        "loss": 3 * (1 - top1),
        **figures,
    }


@pytest.fixture
def runs():
    rows = [row(0.9)]
    rows += [row(0.9 - rate, rate=rate) for rate in (0.5, 0.1, 0.3)]
    rows += [row(0.2, technique="structured", rate=0.1, state="running")]
    return with_even_latency(with_series(pd.DataFrame(rows)))


def points(figure):
    """The markers that can be clicked, by the name in the legend."""
    return {trace.name: trace for trace in figure.data if trace.customdata is not None}


def test_each_run_is_a_point_that_knows_its_run(runs):
    found = [run for trace in points(tradeoff_curves(runs, CLASSES)).values() for run in trace.customdata]
    assert sorted(found) == sorted(runs["id"])


def test_a_technique_has_its_colour_and_a_curve_rises_along_the_axis(runs):
    drawn = points(tradeoff_curves(runs, CLASSES))
    assert drawn["Unstructured"].marker.color == TECHNIQUE_COLOURS["unstructured"]
    assert drawn["Structured"].marker.color == TECHNIQUE_COLOURS["structured"]
    assert drawn["Dense"].marker.color == DENSE_COLOUR
    assert list(drawn["Unstructured"].x) == [0.1, 0.3, 0.5]


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("measure", MEASURES)
def test_axes_show_what_was_chosen(runs, axis, measure):
    figure = tradeoff_curves(runs, CLASSES, x=axis, y=measure)
    row = runs[runs["rate"] == 0.5].iloc[0]
    trace = points(figure)["Unstructured"]
    place = list(trace.customdata).index(row["id"])
    assert trace.x[place] == row[AXES[axis].columns[-1]]
    assert trace.y[place] == row[MEASURES[measure].column]
    assert figure.layout.xaxis.title.text == AXES[axis].title


def test_bars_reach_from_the_lower_to_the_upper_bound(runs):
    trace = points(tradeoff_curves(runs, CLASSES))["Unstructured"]
    ordered = runs[runs["technique"] == "unstructured"].sort_values("rate")
    assert [y + up for y, up in zip(trace.y, trace.error_y.array, strict=True)] == pytest.approx(ordered["top1_high"])
    assert [y - d for y, d in zip(trace.y, trace.error_y.arrayminus, strict=True)] == pytest.approx(ordered["top1_low"])


def test_loss_has_no_interval_and_its_chance_is_the_entropy_of_guessing(runs):
    figure = tradeoff_curves(runs, CLASSES, y="loss")
    assert points(figure)["Unstructured"].error_y.array is None
    assert math.log(CLASSES) in [shape.y0 for shape in figure.layout.shapes]


def test_every_curve_begins_at_the_dense_network(runs):
    lines = [trace for trace in tradeoff_curves(runs, CLASSES).data if trace.mode == "lines" and len(trace.x) > 1]
    assert len(lines) == 2
    assert all((line.x[0], line.y[0]) == (0.0, 0.9) for line in lines)


def test_a_point_that_is_still_measured_is_paler(runs):
    drawn = points(tradeoff_curves(runs, CLASSES))
    assert max(drawn["Structured"].marker.opacity) < min(drawn["Unstructured"].marker.opacity) == 1


def test_criteria_and_form_change_the_marker_scope_the_width_but_none_the_colour():
    variants = {"criterion": "l2"}, {"criterion": "random"}, {"scope": "global"}, {"form": "published"}
    base = {"technique": "structured", "rate": 0.1}
    frame = with_series(pd.DataFrame([row(0.5, **base)] + [row(0.5, **(base | one)) for one in variants]))
    drawn = list(points(tradeoff_curves(frame, CLASSES)).values())
    assert len({(trace.marker.symbol, trace.line.width) for trace in drawn}) == 5
    assert {trace.line.dash for trace in drawn} == {"solid"}
    assert {trace.marker.color for trace in drawn} == {TECHNIQUE_COLOURS["structured"]}


@pytest.fixture
def retrained():
    """Pruned, re-calibrated and retrained in three ways, with the dense controls of two."""
    ways = (None, RECALIBRATED, QUICK, LONGER, AGP)
    rows = [row(0.9), row(0.92, retraining=QUICK), row(0.85, retraining=RECALIBRATED)]
    rows += [row(0.4 + place / 20, rate=0.5, retraining=way) for place, way in enumerate(ways)]
    return with_series(pd.DataFrame(rows))


def curves(figure):
    """The markers of pruned runs, by how the runs were retrained."""
    pruned = TECHNIQUE_COLOURS["unstructured"]
    return {trace.name.partition(", ")[2]: trace for trace in points(figure).values() if trace.marker.color == pruned}


def test_each_way_of_retraining_has_a_dash_of_its_own_and_the_colour_stays(retrained):
    drawn = curves(tradeoff_curves(retrained, CLASSES))
    dashes = {words: trace.line.dash for words, trace in drawn.items()}
    assert dashes[""] == "solid"
    assert dashes["re-calibrated"] == "dot"
    assert len(drawn) == len(set(dashes.values())) == 5


def test_a_way_of_retraining_keeps_its_dash_when_other_techniques_come_along(retrained):
    more = with_series(pd.DataFrame([row(0.3, technique="structured", rate=0.5, retraining=QUICK)]))
    drawn = points(tradeoff_curves(pd.concat([retrained, more]), CLASSES))
    same = [trace.line.dash for name, trace in drawn.items() if name.endswith("retrained 2 epochs by SGD")]
    assert len(same) == 3  # unstructured, structured, the control
    assert len(set(same)) == 1


def levels(figure):
    return {shape.y0: shape.line for shape in figure.layout.shapes if shape.type == "line"}


def test_a_dense_control_is_a_dashed_level_with_interval_and_name_beside_the_solid_dense_one(retrained):
    figure = tradeoff_curves(retrained, CLASSES)
    lines = levels(figure)
    assert lines[0.9].dash == "solid"
    assert lines[0.92].dash == curves(figure)["retrained 2 epochs by SGD"].line.dash == "dash"
    assert lines[0.85].dash == "dot"
    assert {lines[level].color for level in (0.9, 0.92, 0.85)} == {DENSE_COLOUR}
    control = retrained[retrained["top1"] == 0.92].iloc[0]
    bands = [(shape.y0, shape.y1) for shape in figure.layout.shapes if shape.type == "rect"]
    assert (control["top1_low"], control["top1_high"]) in bands
    words = [one.text for one in figure.layout.annotations]
    assert {"dense 90.0 %", "2 epochs by SGD 92.0 %", "re-calibrated 85.0 %"} <= set(words)
    alone = tradeoff_curves(retrained[retrained["top1"] != 0.85], CLASSES)
    assert "control 92.0 %" in [one.text for one in alone.layout.annotations]


@pytest.mark.parametrize("apart", [0.0, 0.001, 0.2])
def test_the_words_at_levels_never_lie_on_each_other(apart):
    frame = with_series(pd.DataFrame([row(0.7), row(0.7 + apart, retraining=QUICK)]))
    heights = sorted(one.y for one in tradeoff_curves(frame, CLASSES).layout.annotations)
    assert len(heights) == 3
    assert min(high - low for low, high in pairwise(heights)) > 0.04


def test_retrained_curves_begin_at_their_control_and_those_without_one_at_their_first_point(retrained):
    figure = tradeoff_curves(retrained, CLASSES)
    dashes = {words: trace.line.dash for words, trace in curves(figure).items()}
    starts = {trace.line.dash: list(trace.y) for trace in figure.data if trace.mode == "lines" and len(trace.x) > 1}
    assert starts[dashes[""]] == [0.9, 0.4]
    assert starts[dashes["re-calibrated"]] == [0.85, 0.45]
    assert starts[dashes["retrained 2 epochs by SGD"]] == [0.92, 0.5]
    assert dashes["retrained 5 epochs by SGD"] not in starts


def test_a_network_that_came_pruned_is_named_so(runs):
    cut = runs.assign(parameters=1000.0, nonzero=570.0)
    figure = tradeoff_curves(cut, CLASSES)
    assert "As it came, 43 % zeros" in legend(figure)
    assert "Dense" not in legend(figure)
    assert any(words.text.startswith("as it came ") for words in figure.layout.annotations)
    few = runs.assign(parameters=1000.0, nonzero=999.0)
    assert "Dense" in legend(tradeoff_curves(few, CLASSES))


def test_of_a_network_that_came_pruned_nothing_is_called_dense(retrained):
    changes = {"change": -0.1, "change_low": -0.2, "change_high": -0.05, "mcnemar_p": 0.01}
    cut = with_series(retrained.assign(parameters=1000.0, nonzero=570.0, sparsity_prunable=0.5, **changes))
    figure = tradeoff_curves(cut, CLASSES, x="sparsity")
    assert "Control, 43 % zeros" in legend(figure)
    told = " ".join(text for trace in figure.data for text in trace.hovertext or ())
    assert "against the network as it came" in told
    assert "dense" not in told.lower()
    unpruned = next(trace for trace in figure.data if trace.name == "As it came, 43 % zeros" and trace.hovertext)
    assert list(unpruned.x) == [0.5]
    assert "sparsity 50.0 % of prunable" in unpruned.hovertext[0]


def legend(figure):
    return {trace.name: trace.line.dash for trace in figure.data if trace.showlegend is not False}


def test_the_legend_names_what_was_pruned_and_how_it_was_retrained_once_each(retrained, runs):
    assert legend(tradeoff_curves(retrained, CLASSES)) == {
        "Dense": None,
        "Unstructured": "solid",
        "Dense control": "dash",
        "as pruned": "solid",
        "re-calibrated": "dot",
        "retrained 2 epochs by SGD": "dash",
        "retrained 3 x 2 epochs by SGD": "dashdot",
        "retrained 5 epochs by SGD": "longdash",
    }
    assert list(legend(tradeoff_curves(runs, CLASSES))) == ["Dense", "Unstructured", "Structured"]


def test_ways_of_retraining_of_the_same_words_are_told_apart_in_the_legend():
    ways = (QUICK, replace(QUICK, learning_rate=0.5))
    frame = with_series(pd.DataFrame([row(0.5, rate=0.5, retraining=way) for way in ways]))
    names = [name for name in legend(tradeoff_curves(frame, CLASSES)) if "retrained" in name]
    assert len(names) == 2
    assert any("learning rate 0.5" in name for name in names)


def test_costs_are_those_of_the_network_made_smaller_where_there_is_one():
    rows = [row(0.9), row(0.5, rate=0.5), row(0.6, technique="structured", rate=0.5)]
    drawn = points(tradeoff_curves(with_series(pd.DataFrame(rows)), CLASSES, x="MACs"))
    assert {name: list(trace.x) for name, trace in drawn.items()} == {
        "Dense": [1.5e9], "Unstructured": [1.5e9], "Structured": [0.75e9],
    }  # fmt: skip
    assert "750 M compacted, 1.5 G with zeros" in drawn["Structured"].hovertext[0]


def busy(times, device="a CPU"):
    """Runs measured while the machine was busy by so many times; the dense network takes 20 ms on an idle one."""
    rows = [row(0.9, rate=rate, technique="structured") for rate in (0.0, 0.2, 0.4)]
    latencies = [(20 * (1 - run["rate"]) * load, 20 * load) for run, load in zip(rows, times, strict=True)]
    names = ("compact_latency_ms", "dense_latency_ms")
    rows = [run | dict(zip(names, pair, strict=True)) for run, pair in zip(rows, latencies, strict=True)]
    return with_series(pd.DataFrame(rows).assign(speed_device=device, latency_ms=[pair[1] for pair in latencies]))


def test_how_busy_the_machine_was_does_not_read_as_speed():
    drawn = points(tradeoff_curves(with_even_latency(busy((1.6, 2.0, 1.0))), CLASSES, x="latency"))
    assert list(drawn["Dense"].x) == pytest.approx([32])  # the median of 32, 40 and 20 ms
    assert list(drawn["Structured"].x) == pytest.approx([32 * 0.6, 32 * 0.8])
    assert (
        "latency 25.6 ms compacted, 32 ms with zeros where the dense network takes 32 ms"
        in (drawn["Structured"].hovertext[1])
    )
    assert (
        "measured 32 ms compacted, 40 ms with zeros; the dense network beside it 40 ms"
        in (drawn["Structured"].hovertext[1])
    )


def test_each_device_has_its_own_median_and_without_the_dense_network_beside_it_a_latency_is_not_known():
    both = pd.concat([busy((1.0, 2.0, 3.0)), busy((0.1, 0.1, 0.1), "a GPU")], ignore_index=True)
    even = with_even_latency(both)
    assert even["even_latency_ms"].tolist() == pytest.approx([40.0] * 3 + [2.0] * 3)
    alone = with_even_latency(both.drop(columns="dense_latency_ms"))
    assert len(missing(alone, AXES["latency"])) == 6
    assert with_even_latency(both.iloc[:0]).empty
    assert with_even_latency(both[["id", "series", "rate"]])["even_latency_ms"].isna().all()


def test_runs_whose_cost_is_not_known_are_counted_and_the_rest_is_drawn(runs):
    runs.loc[runs["rate"] == 0.3, "nonzero"] = math.nan
    assert missing(runs, AXES["parameters"])["rate"].tolist() == [0.3]
    assert missing(runs, AXES["rate"]).empty
    assert len(points(tradeoff_curves(runs, CLASSES, x="parameters"))["Unstructured"].x) == 2


def test_a_ring_marks_the_selected_run_and_nothing_else(runs):
    def rings(selected):
        ring = tradeoff_curves(runs, CLASSES, selected=selected).data[-1]
        return list(zip(ring.x, ring.y, strict=True))

    chosen = runs[runs["rate"] == 0.3].iloc[0]
    assert rings(chosen["id"]) == [(0.3, chosen["top1"])]
    assert rings("") == []


@pytest.mark.parametrize("axis", AXES)
def test_runs_without_figures_leave_a_figure_with_axes(runs, axis):
    bare = runs.drop(columns=["sparsity_prunable", *[name for name in runs if name[:3] in ("top", "los", "ima")]])
    assert points(tradeoff_curves(bare, CLASSES, x=axis)) == {}
    assert points(tradeoff_curves(runs.iloc[:0], CLASSES, x=axis)) == {}


def test_the_hover_says_how_many_images_which_interval_and_that_it_is_paired(runs):
    figures = {"change": -0.1, "change_low": -0.15, "change_high": -0.05, "mcnemar_p": 0.0004}
    text = hover_text(runs.iloc[1].to_dict() | figures)
    for part in ("500 images", "40.0 %", "35.8 to 44.4 %", "−10.0 points (−15.0 to −5.0)", "p < 0.001", "25.0 %"):
        assert part in text


def test_layers_keep_their_order_and_the_blocks_are_named_below_their_middle():
    layers = dict.fromkeys(("conv1.conv", *INCEPTION_CONVS, "fc"), 0.5)
    figure = layer_bars(layers, "connection")
    assert list(figure.data[0].customdata) == list(layers)
    assert figure.data[0].marker.color == TECHNIQUE_COLOURS["connection"]
    ticks = dict(zip(figure.layout.xaxis.ticktext, figure.layout.xaxis.tickvals, strict=True))
    assert list(ticks) == ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"]
    assert ticks["3a"] == 3.5
