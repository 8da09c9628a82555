from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from core.experiment import ExperimentSpec
from core.figures.curves import tradeoff_curves
from core.figures.elsewhere import placed_elsewhere, with_elsewhere
from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS
from core.pruned_elsewhere import beside, candidates
from core.pruning.description import describe
from core.pruning.settings import Pruning
from core.series import with_series
from tests.core.networks.checkpoints import saved, small_state

BASE, OTHER, THIRD = "a" * 64, "b" * 64, "c" * 64


def run(sha, network="demo", top1=0.8, **more):
    spec = ExperimentSpec(network, pruning=Pruning(rate=more.pop("rate", 0.0)))
    figures = {"top1": top1, "top1_low": top1 - 0.05, "top1_high": top1 + 0.04, "top5": 1.0, "top5_low": 1.0}
    return {
        "id": f"{network}{spec.pruning.rate}",
        "spec": spec.to_json(),
        "network": network,
        "network_sha": sha,
        "rate": spec.pruning.rate,
        "state": "done",
        "sparsity_prunable": spec.pruning.rate,
        "images": 100.0,
        "loss": 1.0,
        "top5_high": 1.0,
        "shipped": False,
    } | figures | more  # fmt: skip


@pytest.fixture
def runs():
    return with_series(
        pd.DataFrame(
            [
                run(BASE, top1=0.9),
                run(BASE, rate=0.5),
                run(OTHER, "/nets/cut.pth", nonzero=3e6),
                run(OTHER, "/nets/cut.pth", rate=0.5),
                run(THIRD, "/nets/odd.pth", top1=0.6),
                run("d" * 64, "/nets/new.pth", top1=math.nan),
            ]
        )
    )


@pytest.fixture(scope="module")
def about(tmp_path_factory):
    found = describe(saved(small_state(), tmp_path_factory.mktemp("own") / "own.safetensors"))
    return replace(found, technique="structured", sparsity={"prunable": 0.3, "conv": 0.2, "all": 0.1})


@pytest.fixture
def drawn(runs, about):
    described = {OTHER: about, THIRD: replace(about, technique="mixed")}
    return beside(candidates(runs, BASE), described, ("x", "y", "z")).rows


def test_candidates_are_other_networks_as_they_are_that_were_measured(runs):
    assert candidates(runs, BASE)["title"].tolist() == ["cut (bbbbbb)", "odd (cccccc)"]
    assert candidates(runs, OTHER)["title"].tolist() == ["demo (aaaaaa)", "odd (cccccc)"]
    assert candidates(runs.drop(columns="top1"), BASE).empty
    assert candidates(runs.iloc[:0], BASE).empty


def test_what_their_zeros_are_is_joined_by_fingerprint(drawn):
    assert drawn["looks"].tolist() == ["structured", "mixed"]
    assert drawn["sparsity_prunable"].tolist() == [0.3, 0.3]
    assert drawn["top1"].tolist() == [0.8, 0.6]


def test_a_file_that_is_not_what_was_measured_is_left_out_with_its_reason(runs, about):
    found = beside(candidates(runs, BASE), {OTHER: about}, ("x", "y", "z"))
    assert found.rows["network_sha"].tolist() == [OTHER]
    assert "not at hand" in found.left_out["odd (cccccc)"]


def test_classes_of_other_names_are_not_set_side_by_side(runs, about):
    named = replace(about, classes=("x", "z", "y"), classes_numbered=False)
    assert "named otherwise" in beside(candidates(runs, BASE), {OTHER: named}, ("x", "y", "z")).left_out["cut (bbbbbb)"]
    same = replace(named, classes=("x", "y", "z"))
    assert "cut (bbbbbb)" not in beside(candidates(runs, BASE), {OTHER: same}, ("x", "y", "z")).left_out


@pytest.mark.parametrize(("axis", "places"), [("sparsity", [0.3, 0.3]), ("rate", [0.3, 0.3])])
def test_they_stand_at_their_sparsity_on_both_axes_of_what_is_removed(drawn, axis, places):
    assert placed_elsewhere(drawn, axis)["across"].tolist() == places


def test_on_an_axis_of_costs_they_stand_at_their_own_where_it_is_known(drawn):
    known = placed_elsewhere(drawn, "parameters")["across"]
    assert known.iloc[0] == 3e6
    assert math.isnan(known.iloc[1])


def test_each_is_an_open_diamond_in_the_colour_of_what_its_zeros_look_like(runs, drawn):
    figure = tradeoff_curves(runs[runs["network_sha"] == BASE], 3, x="sparsity")
    before = len(figure.data)
    cut, odd = with_elsewhere(figure, drawn, x="sparsity").data[before:]
    assert {cut.marker.symbol, odd.marker.symbol} == {"diamond-open"}
    assert (cut.marker.color, odd.marker.color) == (TECHNIQUE_COLOURS["structured"], DENSE_COLOUR)
    assert (cut.x, cut.y, cut.name) == ((0.3,), (0.8,), "cut (bbbbbb)")
    assert cut.error_y.array[0] == pytest.approx(0.04)
    assert cut.error_y.arrayminus[0] == pytest.approx(0.05)
    assert cut.customdata == ("/nets/cut.pth0.0",)
    assert "structured pruning" in cut.hovertext[0]
    assert "30.0 % of prunable" in cut.hovertext[0]
    assert "rate" not in cut.hovertext[0]


def test_the_axes_make_room_for_what_lies_beyond_them(runs, drawn):
    far = drawn.assign(sparsity_prunable=0.99, loss=9.0)
    figure = tradeoff_curves(runs[runs["network_sha"] == BASE], 3, x="sparsity", y="loss")
    assert figure.layout.yaxis.range[1] < 9
    with_elsewhere(figure, far, x="sparsity", y="loss")
    assert figure.layout.xaxis.range[1] > 0.99
    assert figure.layout.yaxis.range[1] > 9
