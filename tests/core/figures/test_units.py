"""The figures of units, on tables as the store gives them."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.experiment import ExperimentSpec
from core.families import Member
from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS
from core.figures.unit_changes import changes_by_block
from core.figures.unit_matches import drawn_layers, matched_units, unit_at
from core.figures.unit_networks import score_against
from core.figures.unit_parts import median_map
from core.figures.unit_scales import ScoreScale, hard_scale, score_text
from core.figures.unit_thumbnails import thumbnails
from core.figures.units import INTERVAL, Score, score_violins
from core.pruning.settings import Pruning
from core.units.comparison import block_changes, hard_name, matched, medians, network_table
from core.units.results import unit_frame
from tests.planted_units import STUDY, WIDTH, figures, planted
from tests.retrained import RETRAINING

SCORES = np.linspace(0.4, 0.999, 61)
HALF = ExperimentSpec(pruning=Pruning("structured", rate=0.5))
MEMBERS = (
    Member("dense", ExperimentSpec(), 100, 0.9, 0.0),
    Member("low", ExperimentSpec(pruning=Pruning("unstructured", rate=0.2)), 100, 0.8, 0.2),
    Member("half", HALF, 100, 0.4, 0.5),
    Member("trained", replace(HALF, retraining=RETRAINING), 100, 0.7, 0.5),
)
UNITS = {
    "dense": planted(SCORES),
    "low": planted(SCORES[::-1]),
    "half": planted(SCORES, range(WIDTH)),
    "trained": planted(SCORES),
}
FRAMES = {name: unit_frame(units, STUDY) for name, units in UNITS.items()}
FIGURES = {name: figures(units) for name, units in UNITS.items()}
TABLE = network_table(MEMBERS, FIGURES)
MIS = Score("mis", STUDY.score)
HARD = Score("hard", hard_name(STUDY), hard_scale(STUDY.tasks, odds=False))
PAIRS = matched(FRAMES["dense"], FRAMES["half"])


def titles(figure):
    return [axis.title.text or "" for axis in (*figure.select_xaxes(), *figure.select_yaxes())]


def named(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


@pytest.mark.parametrize("odds", [False, True])
def test_better_scores_are_drawn_higher_on_either_scale_and_all_lie_on_the_axis(odds):
    scale = ScoreScale(odds)
    places = scale.place([0.0, 0.2, 0.5, 0.9, 0.99, 1.0])
    assert (np.diff(places) > 0).all()
    low, high = scale.ends()
    assert low < places[0] and places[-1] < high
    axis = scale.axis("MIS (dreamsim)")
    assert len(axis["tickvals"]) == len(axis["ticktext"])
    title = axis["title"]["text"]
    assert title.startswith("MIS (dreamsim)") and ("log-odds" in title) is odds


def test_log_odds_are_symmetric_about_one_half():
    places = ScoreScale(odds=True).place([0.1, 0.5, 0.9])
    assert places[1] == 0 and places[0] == pytest.approx(-places[2], rel=1e-6)


def test_a_score_is_written_with_its_interval_and_none_as_none():
    assert score_text(0.9123, 0.88, 0.93) == "0.912 (0.880 to 0.930)"
    assert score_text(0.5) == "0.500"
    assert score_text(float("nan")) == "–"


@pytest.mark.parametrize("dark", [False, True])
def test_there_is_a_violin_a_network_of_its_live_units_in_the_colour_of_its_technique(dark):
    figure = score_violins(TABLE, FRAMES, MIS, dark=dark)
    violins = [trace for trace in figure.data if trace.type == "violin"]
    assert [len(one.y) for one in violins] == [len(FRAMES[run]) - FIGURES[run]["constant"] for run in TABLE["id"]]
    colours = [one.line.color for one in violins]
    assert colours == [DENSE_COLOUR, TECHNIQUE_COLOURS["unstructured"], *[TECHNIQUE_COLOURS["structured"]] * 2]
    assert len({one.x0 for one in violins}) == 4
    assert violins[3].fillcolor != violins[2].fillcolor
    assert any(STUDY.score in title for title in titles(figure))


@pytest.mark.parametrize("odds", [False, True])
def test_what_a_randomised_network_scores_is_a_level_on_the_scale(odds):
    score = Score("mis", STUDY.score, ScoreScale(odds))
    figure = score_violins(TABLE, FRAMES, score, 0.51)
    level = named(figure, "randomised network 0.510")
    low, high = figure.layout.yaxis.range
    assert list(level.y) == pytest.approx([float(score.scale.place(0.51))] * 2)
    assert low < level.y[0] < high
    assert len(score_violins(TABLE, FRAMES, score).data) == len(figure.data) - 1


def test_the_hover_of_a_network_says_how_many_units_are_constant_and_what_its_interval_is():
    hover = named(score_violins(TABLE, FRAMES, MIS), "mean").hovertext[2]
    assert "<b>Structured 0.50</b>" in hover and STUDY.score in hover
    assert f"{58 * WIDTH - WIDTH:,} live, {WIDTH} constant" in hover
    mean = FIGURES["half"]["mis"]
    assert f"mean {mean:.3f} ({mean - 0.01:.3f} to {mean + 0.01:.3f})<br>{INTERVAL}" in hover
    assert INTERVAL not in named(score_violins(TABLE, FRAMES, HARD), "mean").hovertext[2]


def test_a_network_in_which_all_units_are_constant_breaks_no_violin():
    dead = planted(SCORES, range(58 * WIDTH))
    table = network_table(MEMBERS[:2], {"dense": FIGURES["dense"], "low": figures(dead)})
    figure = score_violins(table, {"dense": FRAMES["dense"], "low": unit_frame(dead, STUDY)}, MIS)
    assert "0 live" in named(figure, "mean").hovertext[1]


@pytest.mark.parametrize("parts", ["layers", "blocks"])
def test_the_map_has_a_row_a_part_and_leaves_those_without_a_live_unit_empty(parts):
    middles = medians(FRAMES, parts.removesuffix("s"), "mis")
    counts = {run: {name: (one["live"], one["units"]) for name, one in found[parts].items()} for run, found in
              FIGURES.items()}  # fmt: skip
    (cells,) = median_map(middles, TABLE, counts, MIS).data
    assert (len(cells.z), len(cells.z[0])) == (len(middles), 4)
    assert cells.z[0][2] is None and cells.z[1][2] is not None
    assert "no unit is live" in cells.hovertext[0][2] and STUDY.score in cells.hovertext[1][2]
    assert STUDY.score in cells.colorbar.title.text


@pytest.mark.parametrize("odds", [False, True])
def test_there_is_a_dot_a_unit_that_is_live_in_both_and_each_leads_back_to_its_unit(odds):
    figure = matched_units(PAIRS, "structured 0.50", Score("mis", STUDY.score, ScoreScale(odds)))
    dots = [trace for trace in figure.data if trace.type == "scattergl"]
    assert sum(len(trace.x) for trace in dots) == len(PAIRS) - WIDTH
    assert len(dots) == len(drawn_layers(PAIRS)) == 57
    for number, trace in enumerate(dots):
        for point in (0, len(trace.x) - 1):
            layer, unit = unit_at(PAIRS, number, point)
            assert layer in trace.hovertemplate and unit == trace.customdata[point][0]
    assert unit_at(PAIRS, len(dots), 0) is None
    assert all(STUDY.score in title for title in titles(figure))
    legend = [trace.name for trace in dots if trace.showlegend]
    assert legend == ["conv2", "conv3", "3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b", "fc"]


def test_a_unit_that_did_not_change_lies_on_the_line():
    figure = matched_units(PAIRS, "structured 0.50", MIS)
    for trace in figure.data:
        if trace.type == "scattergl":
            assert trace.x == pytest.approx(trace.y)
    line = named(figure, "no change")
    assert list(line.x) == list(line.y)


@pytest.mark.parametrize("odds", [False, True])
def test_dots_of_a_score_in_steps_lie_within_half_a_step_of_it_and_where_the_ring_is(odds):
    scale = hard_scale(STUDY.tasks, odds=odds)
    figure = matched_units(PAIRS, "other", Score("hard", "hard", scale), selected=("conv2.conv", 2))
    dots = [trace for trace in figure.data if trace.type == "scattergl"]
    for trace in dots:
        exact = scale.place(trace.customdata[:, 1])
        assert (abs(trace.x - exact) < scale.stride / 2).all()
    low, high = figure.layout.xaxis.range
    assert all(low < x < high for trace in dots for x in trace.x)
    assert (figure.data[-1].x[0], figure.data[-1].y[0]) == (dots[0].x[2], dots[0].y[2])


def test_the_shape_of_a_score_in_steps_does_not_fall_apart_into_them():
    violins = [one for one in score_violins(TABLE, FRAMES, HARD).data if one.type == "violin"]
    assert all(one.bandwidth == pytest.approx(1 / STUDY.tasks) for one in violins)
    assert all(one.bandwidth is None for one in score_violins(TABLE, FRAMES, MIS).data if one.type == "violin")


def test_all_tasks_and_none_are_marked_as_such_by_log_odds():
    axis = hard_scale(20, odds=True).axis("hard score")
    assert (axis["ticktext"][0], axis["ticktext"][-1]) == ("0", "1")
    assert axis["range"][0] < axis["tickvals"][0] and axis["tickvals"][-1] < axis["range"][1]
    assert np.isfinite(axis["tickvals"]).all() and (np.diff(axis["tickvals"]) > 0).all()


def test_the_chosen_unit_is_ringed_if_it_has_a_dot():
    chosen = matched_units(PAIRS, "other", MIS, selected=("conv2.conv", 2)).data[-1]
    assert len(chosen.x) == 1 and chosen.marker.symbol == "circle-open"
    died = matched_units(PAIRS, "other", MIS, selected=("conv1.conv", 0)).data[-1]
    assert len(died.x) == 0


def test_no_unit_that_is_live_in_both_is_an_empty_picture():
    nothing = matched(FRAMES["dense"], unit_frame(planted(SCORES, range(58 * WIDTH)), STUDY))
    figure = matched_units(nothing, "other", MIS)
    assert not [trace for trace in figure.data if trace.type == "scattergl"]
    assert drawn_layers(nothing) == []
    changes = changes_by_block(block_changes(nothing), STUDY.score, "structured")
    assert sum(int(one.text.split()[0]) for one in changes.layout.annotations) == 58 * WIDTH


def test_changes_have_a_row_a_block_and_say_how_many_units_died():
    figure = changes_by_block(block_changes(PAIRS), STUDY.score, "structured")
    assert len(named(figure, "median").x) == 13
    assert [one.text for one in figure.layout.annotations if one.text] == [f"{WIDTH} died"]
    assert named(figure, "median").marker.color == TECHNIQUE_COLOURS["structured"]
    assert STUDY.score in titles(figure)[0]


@pytest.mark.parametrize("column", ["mis", "hard"])
def test_means_stand_against_rate_and_against_accuracy(column):
    score = Score(column, f"{column} (googlenet features)")
    figure = score_against(TABLE, score)
    points = [trace for trace in figure.data if trace.customdata is not None]
    ids = [run for trace in points for run in trace.customdata]
    assert sorted(ids) == sorted([*TABLE["id"], *TABLE["id"]])
    dense = [trace for trace in points if trace.name == "Dense"]
    assert [trace.x[0] for trace in dense] == [0.0, 0.9]
    assert all(trace.y[0] == FIGURES["dense"][column] for trace in dense)
    assert any("googlenet features" in title for title in titles(figure))
    assert (dense[0].error_y.array is not None) is (column == "mis")


def test_a_strip_of_thumbnails_is_a_picture_of_the_images_side_by_side():
    images = np.stack([np.full((96, 96, 3), shade, np.uint8) for shade in (0, 128, 255)])
    head, _, data = thumbnails(images, 32).partition(",")
    assert head == "data:image/jpeg;base64"
    strip = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert strip.shape == (32, 3 * 34 - 2, 3)
    assert [int(strip[16, at, 0]) for at in (16, 50, 84)] == pytest.approx([0, 128, 255], abs=3)
