from __future__ import annotations

import math

import numpy as np
import pytest

from core.errors import BrokenDataError
from core.experiment import ExperimentSpec
from core.families import Member
from core.pruning.settings import Pruning
from core.units.comparison import (
    CONSTANT,
    DIED,
    LIVE,
    WOKE,
    block_changes,
    correlation,
    distinct_titles,
    hard_name,
    matched,
    mean_change,
    medians,
    network_table,
    units_table,
)
from core.units.results import unit_frame
from core.units.study import Encoding, UnitStudy
from tests.planted_units import STUDY, WIDTH, figures, planted
from tests.retrained import RETRAINING

DENSE = Member("dense", ExperimentSpec(), 100, 0.9, 0.0)
HALF = Member("half", ExperimentSpec(pruning=Pruning("structured", rate=0.5)), 100, 0.4, 0.5)
MOST = Member("most", ExperimentSpec(pruning=Pruning("structured", rate=0.8)), 100, 0.1, 0.8)


def frame(*args):
    return unit_frame(planted(*args), STUDY)


def test_the_hard_score_has_its_encoder_in_its_name():
    names = {hard_name(UnitStudy(encoding=Encoding(name))) for name in ("googlenet", "dreamsim")}
    assert names == {"hard score (googlenet features)", "hard score (dreamsim)"}


def test_the_same_units_are_told_apart_by_what_became_of_them():
    pairs = matched(frame([0.9], [1, 2]), frame([0.7], [2, 3]))
    assert pairs["state"].tolist()[:5] == [LIVE, WOKE, CONSTANT, DIED, LIVE]
    assert pairs["change"].notna().equals(pairs["state"] == LIVE)
    assert pairs["change"].dropna().unique() == pytest.approx([-0.2], abs=1e-6)


def test_a_network_against_itself_did_not_change():
    same = frame(np.linspace(0.5, 1, 9))
    found = mean_change(matched(same, same))
    assert (found.mean, found.low, found.high) == (0, 0, 0)
    assert found.units == len(same)


def test_the_mean_change_is_that_of_the_units_live_in_both_and_lies_in_its_interval():
    gains = np.random.default_rng(0).normal(0.05, 0.02, WIDTH * 58)
    found = mean_change(matched(frame([0.5], [0]), frame(0.5 + gains, [1])))
    assert found.units == len(gains) - 2
    assert found.mean == pytest.approx(gains[2:].mean(), abs=1e-6)
    assert found.low < found.mean < found.high < found.low + 0.01


def test_where_no_unit_is_live_in_both_no_change_is_made_up():
    every = range(WIDTH * 58)
    found = mean_change(matched(frame([0.9]), frame([0.9], every)))
    assert found.units == 0 and math.isnan(found.mean) and math.isnan(found.low)


def test_units_of_different_studies_are_not_matched():
    blocks = UnitStudy(images=400, at="blocks")
    with pytest.raises(BrokenDataError, match="do not match"):
        matched(frame([0.9]), unit_frame(planted([0.9], (), blocks), blocks))


def test_networks_are_called_apart_by_what_differs_and_briefly_where_nothing_does():
    def half(name, retraining=None, **pruning):
        return Member(name, ExperimentSpec(pruning=Pruning(**pruning), retraining=retraining), 100, 0.5)

    norm, chance = half("norm", rate=0.5), half("chance", rate=0.5, criterion="random")
    trained = half("trained", RETRAINING, rate=0.5, criterion="random")
    said = distinct_titles([DENSE, HALF, norm, chance, trained])
    assert said["dense"] == "Dense" and said["half"] == "Structured 0.50"
    assert (said["norm"], said["chance"]) == ("Unstructured 0.50, L1", "Unstructured 0.50, random")
    assert said["trained"] == "Unstructured 0.50, retrained"
    close = distinct_titles([half("one", rate=0.501), half("other", rate=0.502), half("same", rate=0.502)])
    assert close["one"] == "Unstructured 0.501" and len(set(close.values())) == 3


def test_the_change_of_either_score_is_that_of_its_own_column():
    pairs = matched(frame([0.9]), frame([0.7]).assign(hard=0.85))
    assert block_changes(pairs, "hard_change")["median"].tolist() == pytest.approx([-0.05] * 13, abs=1e-6)
    assert mean_change(pairs, "hard_change").mean == pytest.approx(-0.05, abs=1e-6)


def test_changes_by_block_count_every_unit_once():
    pairs = matched(frame([0.9], [0]), frame([0.7], [1, 2]))
    blocks = block_changes(pairs)
    assert blocks["units"].sum() == len(pairs)
    first = blocks.iloc[0]
    assert (first["block"], first["live"], first[DIED], first[WOKE]) == ("conv1", 1, 2, 1)
    assert first["median"] == pytest.approx(-0.2, abs=1e-6)


def test_the_table_of_networks_has_those_that_were_scored_as_a_whole_or_in_part():
    found = {"dense": figures(planted([0.9])), "half": figures(planted([0.6], range(WIDTH)))}
    table = network_table([DENSE, HALF, MOST], found)
    assert table["id"].tolist() == ["dense", "half"]
    assert table["mis"].tolist() == pytest.approx([0.9, 0.6])
    assert table["constant"].tolist() == [0, WIDTH]
    assert table["series"].tolist()[0] is None
    part = network_table([DENSE, HALF], found, "conv1.conv")
    assert part["live"].tolist() == [WIDTH, 0]
    assert math.isnan(part["mis"].iloc[1])


def test_medians_have_a_row_a_part_in_the_order_of_the_network():
    units = {"dense": frame([0.9]), "half": frame([0.6], range(WIDTH)).assign(hard=0.55)}
    by_layer = medians(units, "layer", "mis")
    assert tuple(by_layer.index) == STUDY.places
    assert medians(units, "block", "hard").loc["fc"].tolist() == pytest.approx([0.9, 0.55])
    assert math.isnan(by_layer.loc["conv1.conv", "half"])
    assert by_layer["dense"].unique() == pytest.approx([0.9])


def test_correlations_are_of_the_networks_and_need_three():
    found = {name: figures(planted([score])) for name, score in (("dense", 0.9), ("half", 0.7), ("most", 0.6))}
    table = network_table([DENSE, HALF, MOST], found)
    with_rate, with_top1 = (correlation(table, "mis", name) for name in ("rate", "top1"))
    assert with_rate.networks == 3
    assert with_rate.spearman == pytest.approx(-1) and with_rate.pearson < -0.95
    assert with_top1.spearman == pytest.approx(1)
    assert math.isnan(correlation(table.head(2), "mis", "rate").pearson)
    assert math.isnan(correlation(table.assign(rate=0.5), "mis", "rate").spearman)


def test_what_is_taken_away_names_the_score_with_its_encoder():
    table = units_table(frame([0.9]), STUDY, "Structured 0.50", "half")
    assert {STUDY.score, f"{STUDY.score} low", hard_name(STUDY)} <= set(table.columns)
    assert "mis" not in table and set(table["network"]) == {"Structured 0.50"}
