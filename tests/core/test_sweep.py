from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidSettingError
from core.experiment import Extent
from core.pruning.settings import Pruning
from core.pruning.techniques import TECHNIQUES
from core.sweep import Sweep, images_in_words, parse_layer_rates, parse_rates, rates_text
from core.training.presets import PRESETS

rate_lists = st.lists(st.integers(0, 99).map(lambda n: n / 100), min_size=1, max_size=12)


@given(rate_lists)
def test_rates_written_and_read_again_are_the_same(rates):
    assert parse_rates(rates_text(rates)) == tuple(sorted(set(rates)))


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("0.1..0.3 by 0.1", (0.1, 0.2, 0.3)),
        ("0.1 to 0.3 by 0.1", (0.1, 0.2, 0.3)),
        ("0.5, 0.1..0.2 by 0.05;.3", (0.1, 0.15, 0.2, 0.3, 0.5)),
        ("0.2 0.2", (0.2,)),
        ("0.5..0.5 by 0.1", (0.5,)),
    ],
)
def test_ranges_and_lists_are_read(text, rates):
    assert parse_rates(text) == rates


@pytest.mark.parametrize(
    "text", ["", "  ", "a lot", "0.1..0.9 by 0", "0.9..0.1 by 0.1", "0..0.9 by 0.0001", "1..2 by ."]
)
def test_what_is_no_list_of_rates_is_refused_and_an_example_given(text):
    with pytest.raises(InvalidSettingError) as refused:
        parse_rates(text)
    assert "0.1..0.9 by 0.1" in refused.value.mend


def test_a_rate_that_is_not_allowed_is_refused_by_name():
    with pytest.raises(InvalidSettingError, match=r"rate 1\.2"):
        Sweep(rates=(("unstructured", parse_rates("0.5 1.2")),)).specs()


def test_every_combination_is_there_once_for_what_matters():
    sweep = Sweep(
        techniques=("unstructured", "structured"),
        criteria=("l1", "random"),
        scopes=("local", "global"),
        forms=("clean", "published"),
        rates=(("unstructured", (0.5,)), ("structured", (0.1, 0.2))),
    )
    found = [spec.pruning for spec in sweep.specs()]
    assert len(found) == 2 * 2 * 1 + 2 * 2 * 2 * 2
    assert len({str(one.canonical()) for one in found}) == len(found)


def test_techniques_have_their_own_default_rates():
    assert [spec.pruning.rate for spec in Sweep(techniques=("structured",)).specs()] == list(
        TECHNIQUES["structured"].rates
    )


def test_what_all_share_is_in_every_experiment():
    base = Pruning(seed=3, stem=True, exclude=("conv1.conv",))
    for spec in Sweep(network="googlenet", data="/images", base=base).specs():
        assert (spec.network, spec.data, spec.pruning.seed, spec.pruning.stem) == ("googlenet", "/images", 3, True)
        assert spec.pruning.exclude == ("conv1.conv",)


def test_all_of_it_is_retrained_in_each_way_and_the_dense_network_with_it():
    ways = (None, PRESETS["recalibrate"].retraining, PRESETS["quick"].retraining)
    sweep = Sweep(techniques=("structured",), rates=(("structured", (0.1, 0.2)),), retrainings=ways)
    found = [(spec.pruning.rate, spec.retraining) for spec in sweep.specs()]
    assert sorted(found, key=str) == sorted([(0.0, way) for way in ways[1:]] + list(product((0.1, 0.2), ways)), key=str)
    without = replace(sweep, controls=False).specs()
    assert not any(spec.is_control for spec in without)
    assert len(without) == 6


def test_a_control_comes_before_what_it_is_the_control_of():
    found = Sweep(techniques=("structured",), retrainings=(PRESETS["quick"].retraining,)).specs()
    assert [spec.is_control for spec in found] == [True, *[False] * len(TECHNIQUES["structured"].rates)]


def test_how_it_is_retrained_is_said():
    ways = (None, PRESETS["recalibrate"].retraining, PRESETS["quick"].retraining)
    words = Sweep(techniques=("structured",), retrainings=ways).in_words("Net", "images")
    assert words.endswith("as pruned, re-calibrated and retrained 2 epochs by SGD, with the dense control")
    only = Sweep(techniques=("structured",), retrainings=ways[2:], controls=False).in_words("Net", "images")
    assert only.endswith("rates, retrained 2 epochs by SGD, without a dense control")


@pytest.mark.parametrize("what", ["techniques", "criteria", "scopes", "forms", "retrainings"])
def test_nothing_chosen_is_refused(what):
    with pytest.raises(InvalidSettingError, match="is chosen"):
        Sweep(**{what: ()})


def test_layer_rates_are_read_line_by_line():
    text = "inception3a.branch1.conv 0.2\n\n inception3b.branch1.conv: 0.35 "
    assert parse_layer_rates(text) == (("inception3a.branch1.conv", 0.2), ("inception3b.branch1.conv", 0.35))
    with pytest.raises(InvalidSettingError, match="on each line"):
        parse_layer_rates("inception3a.branch1.conv")


def test_one_line_says_what_is_set():
    sweep = Sweep(techniques=("structured", "unstructured"), rates=(("unstructured", (0.1,)),))
    words = sweep.in_words("GoogLeNet demo", "1,000 generated scenes")
    assert words == (
        "GoogLeNet demo, 1,000 generated scenes, structured and unstructured by L1, local, 1 to 8 rates each"
    )


@pytest.mark.parametrize(
    ("extent", "words"),
    [
        (Extent(1000), "1,000 of 2,000 generated scenes"),
        (Extent(), "all 2,000 generated scenes"),
        (Extent(5000), "all 2,000 generated scenes"),
        (Extent(precision=0.02), "generated scenes until top-1 is known to ±2 points"),
    ],
)
def test_how_many_images_is_said_with_what_there_is(extent, words):
    assert images_in_words("Generated scenes", True, extent, 2000) == words
