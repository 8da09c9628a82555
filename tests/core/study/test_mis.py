from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core.study.mis import live_units, network_means, published_units
from tests.reference import REFERENCE, needs_reference

UNITS, NETWORKS = "reference/mis_units.parquet", "reference/mis_networks.csv"
SETTINGS = ["technique", "optimizer", "epochs", "sparsity"]


@pytest.fixture(scope="module")
def table():
    """Every unit of the published networks."""
    return pd.read_parquet(REFERENCE / UNITS)


@pytest.fixture
def few():
    """Units of two networks, one for each case of the rule."""
    return pd.DataFrame(
        {
            "network": ["a", "a", "a", "a", "a", "b"],
            "layer_kind": ["conv", "conv", "conv", "bn", "fc", "fc"],
            "pruned": [False, True, False, False, False, False],
            "saturated": [False, True, True, False, False, False],
            "mis_confidence": [0.5, 1.0, 1.0, 0.1, 0.9, 0.7],
            "mis": [0.6, 1.0, 1.0, 0.0, 1.0, 0.75],
        }
    )


def test_the_published_mean_leaves_out_batch_norms_and_zero_filters(few):
    means = network_means(published_units(few))
    assert means["units"].to_dict() == {"a": 3, "b": 1}
    assert means["mis"].to_dict() == pytest.approx({"a": 0.8, "b": 0.7})
    assert means["hard"].to_dict() == pytest.approx({"a": 2.6 / 3, "b": 0.75})


def test_the_mean_of_live_units_leaves_out_all_that_are_constant(few):
    means = network_means(live_units(few))
    assert means["units"].to_dict() == {"a": 2, "b": 1}
    assert means["mis"].to_dict() == pytest.approx({"a": 0.7, "b": 0.7})


@needs_reference(UNITS, NETWORKS)
def test_the_24_published_means_come_out_to_six_decimals(table):
    published = pd.read_csv(REFERENCE / NETWORKS, keep_default_na=False).query("mis_fraction != '' and epochs > 0")
    found = network_means(published_units(table)).join(table.groupby("network")[SETTINGS].first())
    both = published.merge(found, on=SETTINGS, how="left")
    assert len(both) == 24
    assert np.array_equal(both["mis"].round(6), both["mis_confidence"])
    assert np.array_equal(both["hard"].round(6), both["mis_fraction"].astype(float))


@needs_reference(UNITS)
def test_among_live_units_the_score_rises_with_the_rate(table):
    retrained = table[table["epochs"] > 0]
    rates = retrained.groupby("network")["sparsity"].first()
    by_rule = {
        rule: network_means(rule(retrained))["mis"].reindex(rates.index) for rule in (published_units, live_units)
    }
    assert stats.pearsonr(rates, by_rule[published_units]).statistic == pytest.approx(0.623, abs=5e-4)
    assert stats.pearsonr(rates, by_rule[live_units]).statistic == pytest.approx(0.753, abs=5e-4)
    assert by_rule[live_units]["local_structured_Adam_50ep_0.2"] == pytest.approx(0.6772, abs=5e-5)
