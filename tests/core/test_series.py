from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from core.experiment import ExperimentSpec
from core.pruning.criteria import CRITERIA
from core.pruning.scopes import SCOPES
from core.pruning.settings import FORMS, Pruning
from core.pruning.techniques import TECHNIQUES
from core.series import series_of, titles, with_series

rates = st.sampled_from([0.1, 0.25, 0.5])
prunings = st.builds(
    Pruning,
    technique=st.sampled_from(list(TECHNIQUES)),
    criterion=st.sampled_from(list(CRITERIA)),
    scope=st.sampled_from(list(SCOPES)),
    form=st.sampled_from(list(FORMS)),
    seed=st.integers(0, 2),
    stem=st.booleans(),
    rate=rates,
)


@given(prunings, rates)
def test_runs_that_differ_in_their_rate_alone_are_on_one_curve(pruning, rate):
    other = Pruning(**{**{name: getattr(pruning, name) for name in pruning.__dataclass_fields__}, "rate": rate})
    assert series_of(pruning) == series_of(other)


@given(prunings, prunings)
def test_curves_agree_exactly_when_the_experiments_do_at_the_same_rate(one, other):
    same_rate = Pruning(**{**{name: getattr(other, name) for name in other.__dataclass_fields__}, "rate": one.rate})
    assert (series_of(one) == series_of(same_rate)) == (one.canonical() == same_rate.canonical())


@given(st.lists(prunings, min_size=1, max_size=8))
def test_no_two_curves_have_the_same_name(found):
    series = {series_of(pruning) for pruning in found}
    assert len(set(titles(series).values())) == len(series)


def test_the_dense_network_is_on_no_curve_of_its_own():
    assert series_of(Pruning()) is None
    frame = with_series(pd.DataFrame({"spec": [ExperimentSpec().to_json()]}))
    assert frame["series"].tolist() == [None]


def test_a_name_says_no_more_than_it_takes_to_tell_the_curves_apart():
    local, everywhere = (Pruning("structured", scope=scope, rate=0.1) for scope in ("local", "global"))
    assert list(titles([series_of(local)]).values()) == ["Structured"]
    assert list(titles(map(series_of, (everywhere, local))).values()) == ["Structured, local", "Structured, global"]
