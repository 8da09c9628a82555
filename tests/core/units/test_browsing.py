from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from core.paths import ROOT
from core.units.browsing import LISTINGS, listed_units, named_units, of_part
from core.units.comparison import DIED, WOKE, matched
from core.units.results import unit_frame
from tests.planted_units import STUDY, WIDTH, planted

CLASSES = ("arrow", "bell", "cross", "disc", "egg", "fish", "gem")
SCORES = np.linspace(0.5, 1, 31)


@pytest.fixture
def units():
    """Units of a network, two of which died and one of which woke."""
    before, after = planted([0.7], [5]), planted(SCORES, [0, 1])
    pairs = matched(unit_frame(before, STUDY), unit_frame(after, STUDY))
    named = named_units(after, unit_frame(after, STUDY), CLASSES)
    return named.assign(state=pairs["state"], change=pairs["change"])


def test_every_unit_has_a_name_and_the_classes_that_it_favours(units):
    assert units["name"].is_unique
    assert units["name"].iloc[WIDTH] == "conv2.conv 0"
    assert units["favours"].iloc[1] == "bell, cross, disc"


def test_a_class_that_there_is_not_is_left_out():
    rows = planted([0.9])
    rows["classes"][:, 2] = -1
    named = named_units(rows, unit_frame(rows, STUDY), CLASSES)
    assert named["favours"].iloc[0] == "arrow, bell"


@pytest.mark.parametrize("title", LISTINGS)
def test_no_listing_invents_units(units, title):
    found = listed_units(units, LISTINGS[title])
    assert found.index.is_unique and set(found.index) <= set(units.index)


def test_listings_hold_what_they_say(units):
    found = {title: listed_units(units, one) for title, one in LISTINGS.items()}
    assert found["All units"].equals(units)
    assert found["Highest score"]["mis"].is_monotonic_decreasing and not found["Highest score"]["constant"].any()
    assert found["Lowest score"]["mis"].is_monotonic_increasing
    assert found["Constant"].index.tolist() == found["Died"].index.tolist() == [0, 1]
    assert found["Woke"].index.tolist() == [5]
    assert (found["Lost most"]["change"] < 0).all() and found["Lost most"]["change"].is_monotonic_increasing
    assert (found["Gained most"]["change"] > 0).all() and found["Gained most"]["change"].is_monotonic_decreasing
    assert {DIED, WOKE} == {one.state for one in LISTINGS.values() if one.state}


def test_units_are_found_by_part_and_by_words_as_they_are_written(units):
    every = LISTINGS["All units"]
    assert set(of_part(units, "inception3a")["block"]) == {"inception3a"}
    assert len(of_part(units, "conv1.conv")) == WIDTH
    assert listed_units(units, every, text="BELL")["favours"].str.contains("bell").all()
    assert listed_units(units, every, text="conv2.conv 3")["name"].tolist() == ["conv2.conv 3"]
    assert listed_units(units, every, text="branch1.*").empty


def test_listing_units_loads_no_torch():
    code = "import sys, core.units.browsing; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
