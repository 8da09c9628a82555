from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidSettingError
from core.experiment import ExperimentSpec, Extent, in_words, spec_in_words, with_dense_first
from core.pruning.criteria import CRITERIA
from core.pruning.settings import Pruning
from core.pruning.techniques import TECHNIQUES
from core.training.retraining import Retraining

prunings = st.builds(
    Pruning,
    technique=st.sampled_from(sorted(TECHNIQUES)),
    criterion=st.sampled_from(sorted(CRITERIA)),
    rate=st.floats(0, 0.99),
    seed=st.integers(0, 9),
)
specs = st.builds(ExperimentSpec, data=st.sampled_from(["scenes", "folder"]), pruning=prunings)


@given(specs)
def test_a_spec_survives_json(spec):
    assert ExperimentSpec.from_json(spec.to_json()) == spec


@given(prunings)
def test_the_id_depends_on_network_data_and_pruning_and_on_nothing_else(pruning):
    spec = ExperimentSpec(pruning=pruning)
    assert spec.run_id("n", "d") == ExperimentSpec(network="x.pth", data="y", pruning=pruning).run_id("n", "d")
    others = {spec.run_id("n", "e"), spec.run_id("m", "d")}
    assert spec.run_id("n", "d") not in others


def test_settings_that_do_not_matter_do_not_make_another_run():
    dense = {ExperimentSpec(pruning=Pruning(technique, rate=0.0)).run_id("n", "d") for technique in TECHNIQUES}
    assert len(dense) == 1
    seeds = {ExperimentSpec(pruning=Pruning(rate=0.3, seed=seed)).run_id("n", "d") for seed in (0, 1)}
    assert len(seeds) == 1


@given(st.lists(specs, max_size=8))
def test_the_dense_network_comes_before_what_is_compared_with_it_and_nothing_comes_twice(asked):
    ordered = with_dense_first(asked)
    for place, spec in enumerate(ordered):
        assert spec.pruning.dense or spec.dense() in ordered[:place]
    assert len({(s.data, str(s.pruning.canonical())) for s in ordered}) == len(ordered)
    assert all(any(same(one, s) for s in ordered) for one in asked)


def same(one, other):
    return one.run_id("n", one.data) == other.run_id("n", other.data)


def test_words_say_what_is_pruned_how():
    assert spec_in_words(ExperimentSpec(), 0.0) == "dense"
    assert in_words(Pruning("structured", "l2", rate=0.1)) == "structured L2 0.10, local"
    assert in_words(Pruning("structured", rate=0.1, form="published")).endswith("filters only")


@pytest.mark.parametrize(
    ("own_zeros", "as_it_is", "control"),
    [(0.0, "dense", "dense control"), (0.3, "as it came, 30 % zeros", "control, 30 % zeros")],
)
def test_a_network_is_called_dense_only_if_it_came_so(own_zeros, as_it_is, control):
    how = Retraining(data_sha="of the images")
    assert spec_in_words(ExperimentSpec(), own_zeros) == as_it_is
    assert spec_in_words(ExperimentSpec(retraining=how), own_zeros) == f"{control}, {how.in_words()}"
    cut = ExperimentSpec(pruning=Pruning("structured", rate=0.1))
    assert spec_in_words(cut, own_zeros) == "structured L1 0.10, local"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Extent(images=-5), "-5 images.*1 or more"),
        (lambda: Extent(precision=0.0), "precision 0.0.*between 0 and 0.5"),
        (lambda: ExperimentSpec(preprocess="squash"), "squash.*preset or crop"),
        (lambda: Pruning(rate=1.2), "1.2"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_what_is(make, told):
    with pytest.raises(InvalidSettingError, match=told):
        make()


def test_two_extents_join_to_one_that_satisfies_both():
    assert Extent(500).joined(Extent(1000)) == Extent(1000)
    assert Extent(500).joined(Extent()) == Extent()
    assert Extent(precision=0.02).joined(Extent(precision=0.01)) == Extent(precision=0.01)
    assert Extent(500).joined(Extent(precision=0.02)) == Extent()
